package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// An outbox: what other systems have to hear of is written down in the transaction
// of the change itself, and sent from there, so that nothing is lost between the
// two. The hook also keeps a person out whom the host does not want.
func ExampleOptions_hook() {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "app.db")+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, "CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, about TEXT NOT NULL)"); err != nil {
		panic(err)
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite, sqlstore.Options{
		Hook: func(ctx context.Context, tx *sql.Tx, w sqlstore.Write) error {
			if w.User != nil && w.User.UserName == "mallory@example.com" {
				return &scim.Error{Status: http.StatusForbidden, Detail: "This person is barred."}
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO outbox (topic, about) VALUES (?, ?)", w.Event.Kind, w.Event.Name)
			return err
		},
	})
	if err != nil {
		panic(err)
	}

	users, err := scim.New(scim.Config{Store: store})
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"ann@example.com", "mallory@example.com"} {
		if _, err := users.CreateUser(ctx, "acme", scim.NewUser{UserName: name}); err != nil {
			fmt.Println("refused:", err)
		}
	}

	rows, err := db.QueryContext(ctx, "SELECT topic, about FROM outbox ORDER BY id")
	if err != nil {
		panic(err)
	}
	defer rows.Close()
	for rows.Next() {
		var topic, about string
		if err := rows.Scan(&topic, &about); err != nil {
			panic(err)
		}
		fmt.Println(topic, about)
	}
	// Output:
	// refused: scim: 403: This person is barred.
	// user.created ann@example.com
}
