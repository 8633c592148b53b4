package entra

import "time"

// Report is what a cycle did, or several of them together.
type Report struct {
	Initial bool   `json:"initial"` // it was an initial cycle, or one of them was
	Cycles  int    `json:"cycles"`
	Users   Counts `json:"users"`
	Groups  Counts `json:"groups"`
	// Managers and Members count references: that a user has a manager, that an object
	// is a member of a group.
	Managers References `json:"managers"`
	Members  References `json:"members"`
	// Requests is how many answers there were by status; 0 is no answer.
	Requests map[int]int `json:"requests"`
	// Quarantine is why the job is in quarantine now; "": it is not.
	Quarantine Reason `json:"quarantine,omitempty"`
	// Simulated is how long it took on the directory's clock, Took in truth.
	Simulated time.Duration `json:"simulated"`
	Took      time.Duration `json:"took"`
}

// Counts is what became of users, or of groups.
type Counts struct {
	Created  int `json:"created"`
	Updated  int `json:"updated"` // without those disabled and restored
	Disabled int `json:"disabled"`
	Restored int `json:"restored"` // written active again
	Deleted  int `json:"deleted"`
	Skipped  int `json:"skipped"` // nothing to do, or nothing that may be done
	Failed   int `json:"failed"`
	Staged   int `json:"staged"` // kept back by the prevention of accidental deletions
}

// References is what became of references.
type References struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Skipped int `json:"skipped"` // to what is not in scope
	Failed  int `json:"failed"`
}

// Sent is how many requests there were, also those without an answer.
func (r Report) Sent() int {
	n := 0
	for _, count := range r.Requests {
		n += count
	}
	return n
}

func (r *Report) add(o Report) {
	r.Initial = r.Initial || o.Initial
	r.Cycles += o.Cycles
	r.Users.add(o.Users)
	r.Groups.add(o.Groups)
	r.Managers.add(o.Managers)
	r.Members.add(o.Members)
	for status, n := range o.Requests {
		r.Requests[status] += n
	}
	r.Quarantine = o.Quarantine
	r.Simulated += o.Simulated
	r.Took += o.Took
}

func (c *Counts) add(o Counts) {
	c.Created += o.Created
	c.Updated += o.Updated
	c.Disabled += o.Disabled
	c.Restored += o.Restored
	c.Deleted += o.Deleted
	c.Skipped += o.Skipped
	c.Failed += o.Failed
	c.Staged += o.Staged
}

func (r *References) add(o References) {
	r.Added += o.Added
	r.Removed += o.Removed
	r.Skipped += o.Skipped
	r.Failed += o.Failed
}
