package entra

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlus(t *testing.T) {
	t.Parallel()
	a := Report{Initial: true, Cycles: 1, Users: Counts{Created: 2}, Requests: map[int]int{200: 3}, Quarantine: ReasonDeletes, Took: time.Second}
	b := Report{Cycles: 1, Users: Counts{Created: 1, Failed: 1}, Members: References{Added: 4}, Requests: map[int]int{200: 1, 404: 1}, Simulated: time.Minute}
	want := Report{
		Initial: true, Cycles: 2, Users: Counts{Created: 3, Failed: 1}, Members: References{Added: 4},
		Requests: map[int]int{200: 4, 404: 1}, Simulated: time.Minute, Took: time.Second,
	}
	require.Equal(t, want, a.Plus(b))
	require.Equal(t, map[int]int{200: 3}, a.Requests)
	require.Equal(t, a, Report{}.Plus(a))
	require.NotPanics(t, func() { Report{}.Plus(Report{}) })
}
