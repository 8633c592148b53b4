package scim

import (
	"context"
	"fmt"
	"log/slog"
)

// steady keeps the panics of the host's log handler from requests: what cannot be
// logged is answered all the same.
type steady struct{ to slog.Handler }

func (s steady) Enabled(ctx context.Context, l slog.Level) (on bool) {
	defer func() {
		if recover() != nil {
			on = false
		}
	}()
	return s.to.Enabled(ctx, l)
}

func (s steady) Handle(ctx context.Context, r slog.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("scim: Config.Logger panicked: %v", p)
		}
	}()
	return s.to.Handle(ctx, r)
}

func (s steady) WithAttrs(attrs []slog.Attr) slog.Handler { return steady{s.to.WithAttrs(attrs)} }

func (s steady) WithGroup(name string) slog.Handler { return steady{s.to.WithGroup(name)} }
