package entra

import (
	"errors"
	"fmt"
	"time"
)

// Reason is why a job is in quarantine, by the name that Microsoft Graph has for it.
type Reason string

// The reasons of a quarantine that a job can have here.
const (
	// ReasonException: bad credentials, or a service that does not speak SCIM.
	ReasonException Reason = "EncounteredQuarantineException"
	// ReasonProportion, ReasonBase and ReasonTotal: too many failures.
	ReasonProportion Reason = "EncounteredEscrowProportionThreshold"
	ReasonBase       Reason = "EncounteredBaseEscrowThreshold"
	ReasonTotal      Reason = "EncounteredTotalEscrowThreshold"
	// ReasonDeletes: more users and groups would be disabled or deleted in one cycle
	// than Config.DeleteThreshold allows.
	ReasonDeletes Reason = "TooManyDeletes"
)

// ErrQuarantine is what an error of Cycle is when the cycle ended in quarantine.
var ErrQuarantine = errors.New("entra: the job is in quarantine")

// How often a job in quarantine tries again, and for how long.
const (
	quarantineInterval = 24 * time.Hour
	quarantineEnd      = 28 * 24 * time.Hour
)

// The thresholds of failures. Failures to write references count in total alone.
const (
	escrowsLooked = 5_000  // below, nothing else is looked at
	escrowsShare  = 40     // more than so many of 100 events failed
	escrowsBase   = 40_000 // more than so many objects failed
	escrowsTotal  = 60_000 // more than so many failures of all kinds
)

// threshold returns why so many failures put a job into quarantine; "": they do not.
func threshold(failed, succeeded, references int) Reason {
	switch {
	case failed+references > escrowsTotal:
		return ReasonTotal
	case failed > escrowsBase:
		return ReasonBase
	case failed >= escrowsLooked && failed*100 > (failed+succeeded)*escrowsShare:
		return ReasonProportion
	}
	return ""
}

// Quarantine is what is known of a job's quarantine, by the names of Microsoft Graph.
type Quarantine struct {
	Reason      Reason    `json:"reason"`
	Error       string    `json:"error"`
	SeriesBegan time.Time `json:"seriesBegan"`  // when it began
	Began       time.Time `json:"currentBegan"` // when it was last imposed, by an attempt that failed
	SeriesCount int       `json:"seriesCount"`  // how many attempts failed since it began
	NextAttempt time.Time `json:"nextAttempt"`
}

// Notice is a mail to the notification address.
type Notice struct {
	Time     time.Time `json:"time"`
	Reason   Reason    `json:"reason"`
	Disabled bool      `json:"disabled"` // the job was disabled after four weeks
	Text     string    `json:"text"`
}

// impose puts the job into quarantine, or leaves it there after an attempt. The caller
// has mu and sends the notice that comes back: one for each reason of a quarantine, and
// one when the job is disabled.
func (j *Job) impose(reason Reason, detail string) *Notice {
	now := j.now()
	q := j.quarantine
	if q == nil {
		q = &Quarantine{SeriesBegan: now}
		j.quarantine, j.notified = q, make(map[Reason]bool)
	}
	q.Reason, q.Error, q.Began = reason, detail, now
	q.SeriesCount++
	q.NextAttempt = now.Add(quarantineInterval)
	if now.Sub(q.SeriesBegan) >= quarantineEnd {
		j.disabled = true
		return &Notice{Time: now, Reason: reason, Disabled: true, Text: fmt.Sprintf("The job was in quarantine for four weeks and is disabled: %s", detail)}
	}
	if j.notified[reason] {
		return nil
	}
	j.notified[reason] = true
	return &Notice{Time: now, Reason: reason, Text: fmt.Sprintf("The job is in quarantine: %s", detail)}
}

// judge decides after a cycle whether the job goes into quarantine, stays there or is
// let out. The caller has mu.
func (j *Job) judge(c *cycle, f *fault) *Notice {
	q := j.quarantine
	switch {
	case f != nil && f.reason != "":
		return j.impose(f.reason, fmt.Sprintf("%s (%d): %s", f.code, f.status, f.detail))
	case f != nil: // the service was not reached: nothing is known
		if q != nil {
			return j.impose(q.Reason, q.Error)
		}
	case len(c.staged) > 0:
		return j.impose(ReasonDeletes, fmt.Sprintf("%d users and groups would be disabled or deleted, more than %d", len(c.staged), j.config.DeleteThreshold))
	case q != nil && (q.Reason == ReasonDeletes || c.succeeded > 0):
		j.quarantine = nil
	case q != nil:
		return j.impose(q.Reason, q.Error)
	case c.failed > 0:
		objects, references := j.escrow.counts()
		if reason := threshold(objects, j.healthy(), references); reason != "" {
			return j.impose(reason, fmt.Sprintf("%d objects and %d references failed", objects, references))
		}
	}
	return nil
}

// healthy is how many managed objects have no failure. The caller has mu.
func (j *Job) healthy() int {
	n := 0
	for id, l := range j.links {
		if l.managed && !j.escrow.has(escrowKey{id: id}) {
			n++
		}
	}
	return n
}
