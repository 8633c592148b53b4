package idp

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestServiceSends: the tenant URL's slash and query, the token and the media type
// arrive alike in process and over the network.
func TestServiceSends(t *testing.T) {
	t.Parallel()
	type seen struct{ target, token, media, body string }
	var last seen
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last = seen{r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"429","detail":"too many"}`)
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	for _, base := range []string{"/scim/v2", "/scim/v2/"} {
		for _, flag := range []string{"", "?aadOptscim062020"} {
			for _, h := range []http.Handler{nil, handler} {
				var told []Exchange
				s := Service{URL: server.URL + base + flag, Token: "secret", Handler: h, Observe: func(e Exchange) { told = append(told, e) }}
				a, err := s.Do(t.Context(), http.MethodPost, "/Users", url.Values{"filter": {`userName eq "a+b@example.com"`}}, map[string]any{"userName": "a"})
				require.NoError(t, err)
				want := "/scim/v2/Users?filter=userName+eq+%22a%2Bb%40example.com%22"
				if flag != "" {
					want += "&aadOptscim062020"
				}
				require.Equal(t, seen{want, "Bearer secret", MediaType, `{"userName":"a"}`}, last)
				require.False(t, a.OK())
				require.Equal(t, 7*time.Second, a.RetryAfter())
				_, detail := a.Problem()
				require.Equal(t, "too many", detail)
				require.Len(t, told, 1)
				require.Equal(t, http.StatusTooManyRequests, told[0].Status)
			}
		}
	}
}

// TestServiceSendsToTheLetter: a query stays in its order and spelling, headers of the
// request are sent, those of the service win, and packed answers are read.
func TestServiceSendsToTheLetter(t *testing.T) {
	t.Parallel()
	const body = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"no"}`
	type packer func(io.Writer) io.WriteCloser
	for encoding, pack := range map[string]packer{
		"":        nil,
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	} {
		var last *http.Request
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			last = r
			if pack == nil {
				_, _ = io.WriteString(w, body)
				return
			}
			w.Header().Set("Content-Encoding", encoding)
			p := pack(w)
			_, _ = io.WriteString(p, body)
			_ = p.Close()
		})
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		for _, h := range []http.Handler{nil, handler} {
			var told Exchange
			s := Service{
				URL: server.URL + "/scim?flag", Handler: h, Header: http.Header{"User-Agent": {"tester"}},
				Observe: func(e Exchange) { told = e },
			}
			a, err := s.Send(t.Context(), Request{
				Method: http.MethodGet, Path: "/Users", Query: "filter=a%20eq%20%22b%22&count=1",
				Header: http.Header{"User-Agent": {"Okta"}, "Accept-Encoding": {"gzip,deflate"}},
			})
			require.NoError(t, err, encoding)
			require.Equal(t, body, string(a.Body))
			require.Equal(t, "/scim/Users?filter=a%20eq%20%22b%22&count=1&flag", last.RequestURI)
			require.Equal(t, "tester", last.Header.Get("User-Agent"))
			require.Equal(t, "gzip,deflate", last.Header.Get("Accept-Encoding"))
			require.Empty(t, last.Header.Get("Content-Type"))
			require.Equal(t, "/Users?filter=a%20eq%20%22b%22&count=1", told.Target)
		}
	}
	empty, err := (&Service{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusNoContent)
	})}).Do(t.Context(), http.MethodGet, "/Users", nil, nil)
	require.NoError(t, err)
	require.Empty(t, empty.Body)
	_, err = (&Service{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, body)
	})}).Do(t.Context(), http.MethodGet, "/Users", nil, nil)
	require.Error(t, err, "what says that it is packed and is not")
}

// TestServiceWithoutAnswer: a context that has ended and a server that is gone are
// errors, and seen as exchanges without a status.
func TestServiceWithoutAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []*Service{{URL: server.URL}, {Handler: http.NotFoundHandler()}} {
		status := -1
		s.Observe = func(e Exchange) { status = e.Status }
		_, err := s.Do(ended, http.MethodGet, "/Users", nil, nil)
		require.Error(t, err)
		require.Zero(t, status)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	l, err := (&Answer{Body: []byte(`{"schemas":["` + ListResponse + `"],"totalResults":1,"Resources":[{"id":"1"}]}`)}).List()
	require.NoError(t, err)
	require.Equal(t, "1", l.Resources[0].ID())
	for _, body := range []string{"", "[]", "{}", `{"schemas":["` + ListResponse + `"]}`, `{"schemas":[],"totalResults":0}`} {
		_, err := (&Answer{Body: []byte(body)}).List()
		require.Error(t, err, body)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	var c Clock
	begin := c.Now()
	require.Equal(t, begin.Add(time.Hour), c.Advance(time.Hour))
	require.Equal(t, begin.Add(time.Hour), c.Advance(-time.Minute))
	require.Equal(t, begin, NewClock(begin).Now())
}
