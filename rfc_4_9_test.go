package scim_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// TestRFC49_TooMany: a query that costs more than the host allows is refused with
// tooMany, whatever it would find; one that an index helps is answered (RFC 7644
// section 3.4.2.1).
func TestRFC49_TooMany(t *testing.T) {
	t.Parallel()
	each(t, map[string]func(c *scim.Config){
		"resources": func(c *scim.Config) {
			c.Store = &declining{Store: memstore.New(), most: 3}
			c.Limits = scim.Limits{Scan: 20}
		},
		"values": func(c *scim.Config) { c.Limits = scim.Limits{Comparisons: 20} },
	}, func(t *testing.T, limit func(c *scim.Config)) {
		r := newRig(t, limit)
		var ids []string
		for i := range 19 {
			ids = append(ids, r.create(person("u"+strconv.Itoa(i))))
		}
		require.Len(t, r.find("/Users", `title eq null`), 19)
		for i := range 20 {
			ids = append(ids, r.create(person("v"+strconv.Itoa(i))))
		}
		for _, query := range []string{"filter=" + escape(`title eq null`), "filter=" + escape(`title pr`), "filter=" + escape(`title pr`) + "&count=0"} {
			r.refused(400, "tooMany", "GET", "/Users?"+query, nil)
		}
		r.refused(400, "tooMany", "POST", "/Users/.search", obj{"filter": `title pr`})
		require.Len(t, r.find("/Users", `userName eq "u3@acme.example" and title eq null`), 1)
		require.Len(t, r.find("/Users", `id eq "`+ids[7]+`"`), 1)
		require.EqualValues(t, 39, r.ok(200, "GET", "/Users?count=1", nil).at("totalResults"))
	})
}

// TestRFC49_OneResource: what is asked of a list means nothing where one resource
// is read, but the projection.
func TestRFC49_OneResource(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	want := r.get(id).raw
	for _, query := range []string{"filter=" + escape(`title pr`), "filter=nonsense", "startIndex=7&count=0&sortBy=title&sortOrder=up", "cursor=x"} {
		require.Equal(t, want, r.ok(200, "GET", "/Users/"+id+"?"+query, nil).raw, query)
	}
}

// TestRFC49_Totals count what the filter selects, whatever the page (RFC 7644
// section 3.4.2.4).
func TestRFC49_Totals(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *rig) {
		for i := range 12 {
			r.create(person("u"+strconv.Itoa(i), obj{"title": "t" + strconv.Itoa(i%3)}))
		}
		for _, page := range []string{"", "&count=0", "&count=1", "&count=-3", "&startIndex=4", "&startIndex=5", "&startIndex=100&count=2", "&sortBy=userName&count=3"} {
			p := r.ok(200, "GET", "/Users?filter="+escape(`title eq "T1"`)+page, nil)
			require.EqualValues(t, 4, p.at("totalResults"), page)
			require.LessOrEqual(t, len(p.at("Resources").(list)), 4)
			if n, ok := strings.CutPrefix(page, "&count="); ok && n != "-3" {
				require.Len(t, p.at("Resources"), int(n[0]-'0'))
			}
		}
	})
}
