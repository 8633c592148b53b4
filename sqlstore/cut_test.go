package sqlstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// cutter breaks a store's connections, at something that is sent and everything after
// that until it is mended: at the first thing that is sent for 1, and after that was
// done for 2, at the second for 3, and so on.
type cutter interface {
	cut(n int)
	mend()
}

// cutters are those before the stores.
var cutters sync.Map

// cuttable opens a store whose connections can be cut.
func (b backend) cuttable(t testing.TB, address string) *sqlstore.Store {
	if b.driver != "pgx" {
		c := new(spyCutter)
		s := b.on(t, c.open(t, b, address), sqlstore.Options{})
		cutters.Store(s, c)
		return s
	}
	p := newProxy(t, server.Addr())
	s := b.open(t, strings.Replace(address, server.Addr(), p.addr(), 1), sqlstore.Options{})
	cutters.Store(s, p)
	return s
}

// cut is [storetest.Harness.Cut].
func cut(t testing.TB, s scim.Store, n int) (mend func()) {
	t.Helper()
	c, ok := cutters.Load(s)
	require.True(t, ok)
	c.(cutter).cut(n)
	return func() {
		c.(cutter).mend()
		db := database(s) // what is idle is dead
		db.SetMaxIdleConns(-1)
		db.SetMaxIdleConns(2)
	}
}

// spyCutter cuts between database/sql and the driver.
type spyCutter struct{ spy }

func (c *spyCutter) cut(n int) {
	seen, left := n%2 == 0, (n+1)/2
	c.failing(func(call) fate {
		if left--; left > 0 {
			return fate{}
		}
		return fate{err: errCut, done: seen && left == 0, cut: true}
	})
}

func (c *spyCutter) mend() { c.failing(nil) }

// proxy stands on the network between a store and its server.
type proxy struct {
	to       string
	listener net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	left  int // exchanges until all is cut; below 0: never
	seen  bool
	dead  bool
}

func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{to: to, listener: l, conns: make(map[net.Conn]bool), left: -1}
	t.Cleanup(func() {
		_ = l.Close()
		p.closeAll()
	})
	go p.serve()
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go p.connect(client)
		}
	}
}

func (p *proxy) connect(client net.Conn) {
	backend, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.to)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	dead := p.dead
	if !dead {
		p.conns[client], p.conns[backend] = true, true
	}
	p.mu.Unlock()
	if dead {
		_, _ = client.Close(), backend.Close()
		return
	}
	go p.forward(client, backend, true)
	p.forward(backend, client, false)
}

// forward passes on what comes from one side. The last exchange before the cut is
// passed on to the server or not; its answer is not.
func (p *proxy) forward(from, to net.Conn, asks bool) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		pass, over := true, false
		if !cancels(buf[:n]) {
			pass, over = p.passes(asks)
		}
		if pass {
			if _, err = to.Write(buf[:n]); err != nil {
				return
			}
		}
		if over {
			p.closeAll()
			return
		}
	}
}

// cancels says whether this is how a client asks for a statement to be cancelled, on
// a connection of its own. Nobody waits for that, so it comes at any time.
func cancels(message []byte) bool {
	return len(message) == 16 && binary.BigEndian.Uint32(message[4:]) == 1234<<16|5678
}

// passes says whether what comes is passed on, and whether all is cut then.
func (p *proxy) passes(asks bool) (pass, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.left < 0:
		return true, false
	case !asks:
		return p.left > 0, p.left == 0 // the answer to the last exchange
	case p.left > 1:
		p.left--
		return true, false
	}
	first := p.left == 1
	p.left, p.dead = 0, true
	return first && p.seen, !p.seen
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

func (p *proxy) cut(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.seen = (n+1)/2, n%2 == 0
}

func (p *proxy) mend() {
	p.mu.Lock()
	p.left, p.dead = -1, false
	p.mu.Unlock()
	p.closeAll()
}

// TestCut: what cuts connections does so before and after the last thing that was
// sent was done.
func TestCut(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address := b.address(t)
		s, other := b.cuttable(t, address), b.open(t, address, sqlstore.Options{})
		outcomes := make(map[string]int)
		for n := 1; outcomes["fine"] == 0; n++ {
			require.Less(t, n, 100)
			id := strings.Repeat("x", n)
			mend := cut(t, s, n)
			_, err := s.UpdateUser(t.Context(), acme, person("none"), scim.Guard{}, event(scim.UserUpdated, "none", ""))
			require.NotNil(t, err)
			_, err = s.CreateUser(t.Context(), acme, person(id), scim.Guard{}, event(scim.UserCreated, id, ""))
			mend()
			_, gone := other.User(t.Context(), acme, id)
			switch {
			case err == nil:
				require.NoError(t, gone)
				outcomes["fine"]++
			case gone == nil:
				outcomes["done"]++
			default:
				require.ErrorIs(t, gone, scim.ErrNotFound)
				outcomes["undone"]++
			}
		}
		require.Positive(t, outcomes["done"])
		require.Positive(t, outcomes["undone"])
	})
}
