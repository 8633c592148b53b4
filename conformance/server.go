package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// How long the server may take to come up, and to go.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
)

// build builds the server into dir and returns the program.
func build(ctx context.Context, root, dir string) (string, error) {
	binary := filepath.Join(dir, "server")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	cmd.Dir = filepath.Join(root, "examples", "server") // a module of its own
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building examples/server: %w\n%s", err, out)
	}
	return binary, nil
}

// server is a running examples/server, empty at first.
type server struct {
	base  string // the tenant URL, without a slash at its end
	token string
	cmd   *exec.Cmd
	log   *tail
	read  chan struct{} // closed when all that it printed was read
}

// start starts the server on a free port of the loopback address.
func start(ctx context.Context, binary string, flags ...string) (*server, error) {
	s := &server{token: rand.Text(), log: &tail{}, read: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, binary, append([]string{"-addr", "127.0.0.1:0", "-token", s.token}, flags...)...)
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(os.Interrupt) }
	s.cmd.WaitDelay = stopTimeout
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	announced := make(chan string, 1)
	go s.listen(out, announced)
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case s.base = <-announced:
	case <-timeout.C:
	}
	if s.base == "" {
		return nil, errors.Join(errors.New("the server announced no tenant URL"), s.stop())
	}
	return s, nil
}

// listen reads what the server prints to its end, and sends the tenant URL, or ""
// when there is none.
func (s *server) listen(out io.Reader, announced chan<- string) {
	defer close(s.read)
	defer close(announced)
	sent := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Tenant URL"); ok && !sent {
			announced <- strings.TrimRight(strings.TrimSpace(url), "/")
			sent = true
		}
	}
}

// stop ends the server. A server that does not end well is an error.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // one that has ended already says so below
	kill := time.AfterFunc(stopTimeout, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	<-s.read
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended badly: %w\n%s", err, s.log)
	}
	return nil
}

// tail keeps the end of what is written to it. It is safe for concurrent use.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - tailSize; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.b))
}
