// Command owntables is an application whose users were there before SCIM: in its
// own tables (host.sql), which it goes on writing by its own SQL. The adapter in
// store.go, users.go, groups.go and record.go is a whole [scim.Store] over them.
// What SCIM needs and the application has not is in columns and tables beside
// (scim.sql), and triggers (doors.sql) see to it that what the application does by
// its own door keeps the rules too, and that SCIM sees it.
//
//	go run ./examples/owntables
//
// What the application shows, and how it makes, renames and disables accounts:
//
//	APP=http://127.0.0.1:8080/accounts SCIM=http://127.0.0.1:8080/scim/v2
//	curl $APP
//	curl $APP -d '{"login":"cy@example.com","email":"cy@example.com"}'
//	curl -X PATCH $APP/2 -d '{"login":"bob.b@example.com"}'
//	curl -X PATCH $APP/2 -d '{"enabled":false}'
//
// What an identity provider does: it finds Ann, who has had an account all along,
// creates her all the same, which links the account (201, under the id that it
// had), disables her, and is refused a name that somebody has:
//
//	scim() { curl -s -H 'Authorization: Bearer try-me-out-locally' -H 'Content-Type: application/scim+json' "$@"; echo; }
//	scim -G $SCIM/Users --data-urlencode 'filter=userName eq "ann@example.com"'
//	scim $SCIM/Users -d '{"userName":"ann@example.com","externalId":"58342554"}'
//	scim -X PATCH $SCIM/Users/account-1 -d '{"Operations":[{"op":"replace","path":"active","value":false}]}'
//	scim -X PATCH $SCIM/Users/account-1 -d '{"Operations":[{"op":"replace","path":"userName","value":"bob.b@example.com"}]}'
//
// The sessions of whoever is disabled end (see the log), whichever door it was.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// company is the one that this example serves.
const company = "acme"

func main() {
	log.SetFlags(0)
	const addr = "127.0.0.1:8080"
	path := flag.String("db", "owntables.db", "the application's database")
	flag.Parse()
	handler, err := start(context.Background(), *path, "http://"+addr, "try-me-out-locally")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	log.Printf("listening on http://%s", addr)
	log.Fatal(server.ListenAndServe())
}

// start opens the application: with the people it has had all along, where the
// database is new.
func start(ctx context.Context, path, base, token string) (http.Handler, error) {
	db, err := openDB(path, "")
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, 1); err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, `INSERT INTO companies (name, seats) VALUES ('acme', 3) ON CONFLICT DO NOTHING;
		INSERT INTO accounts (company, login, email, first_name, last_name, department, plan)
		SELECT 'acme', column1, column1, column2, column3, 'Sales', 'premium' FROM (VALUES
			('ann@example.com', 'Ann', 'Other'), ('bob@example.com', 'Bob', 'Baker'))
		WHERE NOT EXISTS (SELECT 1 FROM accounts)`)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, len(steps)); err != nil {
		return nil, err
	}
	return (&host{db: db, ended: func(login string) { log.Printf("the sessions of %s end", login) }}).handler(ctx, base, token)
}

// host is the application.
type host struct {
	db    *sql.DB
	ended func(login string) // ends the sessions of an account
}

// handler returns what the application serves: its accounts, and SCIM. Until ctx
// ends, leavers lose their sessions.
func (h *host) handler(ctx context.Context, base, token string) (http.Handler, error) {
	dir, err := scim.New(scim.Config{Store: newStore(h.db), Seats: h.seats})
	if err != nil {
		return nil, err
	}
	var tokens scim.Tokens
	if _, err := tokens.Add(scim.Connection{ID: "idp", Tenant: company}, token, time.Time{}); err != nil {
		return nil, err
	}
	wire, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: base + "/scim/v2", Verifier: &tokens})
	if err != nil {
		return nil, err
	}
	go func() {
		_ = dir.Consume(ctx, "end-sessions", func(_ context.Context, e scim.Event) error {
			if e.EndsAccess() {
				h.ended(e.Name)
			}
			return nil
		})
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts", h.list)
	mux.HandleFunc("POST /accounts", h.create)
	mux.HandleFunc("PATCH /accounts/{id}", h.change)
	return wire.Mount(mux), nil
}

// seats is the licence, from the application's own table.
func (h *host) seats(ctx context.Context, t scim.Tenant) (scim.Limit, error) {
	seats, err := one(ctx, querier{h.db}, value[sql.NullInt64], `SELECT seats FROM companies WHERE name = ?`, string(t))
	if err != nil || !seats.Valid {
		return scim.Unlimited, err
	}
	return scim.Seats(int(seats.Int64)), nil
}

// What follows is the application as it was before SCIM: nothing in it knows of
// versions, keys or the record.

type entry struct {
	ID      int64  `json:"id"`
	Login   string `json:"login"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	Plan    string `json:"plan"`
}

func (h *host) list(w http.ResponseWriter, r *http.Request) {
	entries, err := all(r.Context(), querier{h.db}, func(row scanner) (e entry, err error) {
		err = row.Scan(&e.ID, &e.Login, &e.Name, &e.Enabled, &e.Plan)
		return e, err
	}, `SELECT id, login, trim(first_name || ' ' || last_name), enabled, plan FROM accounts WHERE company = ? ORDER BY id`, company)
	answer(w, entries, err)
}

func (h *host) create(w http.ResponseWriter, r *http.Request) {
	var in struct{ Login, Email, FirstName, LastName string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in)
	if err == nil {
		_, err = h.db.ExecContext(r.Context(), `INSERT INTO accounts (company, login, email, first_name, last_name) VALUES (?, ?, ?, ?, ?)`,
			company, in.Login, in.Email, in.FirstName, in.LastName)
	}
	answer(w, "created", err)
}

func (h *host) change(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Login   *string
		Enabled *bool
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in)
	if err == nil {
		_, err = h.db.ExecContext(r.Context(), `UPDATE accounts SET login = coalesce(?, login), enabled = coalesce(?, enabled) WHERE company = ? AND id = ?`,
			in.Login, in.Enabled, company, r.PathValue("id"))
	}
	answer(w, "changed", err)
}

// answer writes v; what the database refuses is told as it says it.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "UNIQUE constraint failed"), strings.Contains(err.Error(), "no free seat"):
		w.WriteHeader(http.StatusConflict)
		v = err.Error()
	default:
		w.WriteHeader(http.StatusBadRequest)
		v = err.Error()
	}
	_ = json.NewEncoder(w).Encode(v)
}
