package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far a cycle is: by a bar on a terminal, by lines elsewhere. It is
// used by one goroutine.
type progress struct {
	s        stage
	pause    time.Duration // between what is shown, at least
	what     string        // the cycle that is under way; "": none is
	bar      *progressbar.ProgressBar
	requests int // in this cycle
	shown    time.Time
}

// How often the bar is drawn at most, and a line is written.
const (
	barPause  = 100 * time.Millisecond
	linePause = 2 * time.Second
)

func newProgress(s stage) *progress {
	p := &progress{s: s, pause: linePause}
	if s.terminal {
		p.pause = barPause
	}
	return p
}

// begin starts a cycle. What sends nothing is never seen.
func (p *progress) begin(what string) {
	p.what, p.bar, p.requests, p.shown = what, nil, 0, time.Now()
}

// sent tells of one request more, and how much of the objects is done, in per cent.
func (p *progress) sent(percent int) {
	if p.what == "" {
		return
	}
	if p.requests++; time.Since(p.shown) < p.pause {
		return
	}
	p.shown = time.Now()
	if !p.s.terminal {
		fmt.Fprintf(p.s.stderr, "%s: %d %%, %d requests\n", p.what, percent, p.requests)
		return
	}
	if p.bar == nil {
		p.bar = newBar(p.s)
	}
	p.bar.Describe(fmt.Sprintf("%s, %d requests", p.what, p.requests))
	_ = p.bar.Set(percent)
}

// end takes the bar away, and tells of a cycle that sent anything.
func (p *progress) end(took time.Duration) {
	if p.bar != nil {
		_ = p.bar.Exit()
		_ = p.bar.Clear()
	}
	if p.requests > 0 {
		fmt.Fprintf(p.s.stderr, "%s: %d requests, %.2f s\n", p.what, p.requests, took.Seconds())
	}
	p.what, p.bar = "", nil
}

func newBar(s stage) *progressbar.ProgressBar {
	const percent = 100
	theme := progressbar.Theme{Saucer: "█", SaucerPadding: "░"}
	if s.colour() {
		theme.Saucer = "[green]█[reset]"
	}
	return progressbar.NewOptions(percent,
		progressbar.OptionSetWriter(s.stderr),
		progressbar.OptionEnableColorCodes(s.colour()),
		progressbar.OptionSetTheme(theme),
		progressbar.OptionSetWidth(30),
		progressbar.OptionUseANSICodes(true),
	)
}
