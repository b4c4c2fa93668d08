package shared

import (
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// unreadable is what may stand in a location's key.
var unreadable = []string{
	"", "r1", "1800000000 0 c0ffee r1", "1800000000  c0ffee r1 web1", "-1 0 c0ffee r1 web1", "1800000000 -1 c0ffee r1 web1", "now 0 c0ffee r1 web1",
	"1800000000 x c0ffee r1 web1", "1800000000 0 c0ffee r1:N web1", "1800000000 0 c0ffee a/b/c/d/e web1", "1800000000 0 c0ffee  web1", "99999999999999999999 0 c0ffee r1 web1",
}

// Whatever is read as a location is a valid one, and is written back alike.
func FuzzParseLocated(f *testing.F) {
	f.Add("1800000000 0 c0ffee r1 web1")
	f.Add("1800000000 7 dc1/row3/r1 ")
	f.Add("1 1 r1 a host of many words")
	for _, text := range unreadable {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		host, err := parseLocated(text)
		if err != nil {
			if host != (tracker.Located{}) {
				t.Fatalf("%+v with %v", host, err)
			}
			return
		}
		if _, err := tracker.ReadLocation(string(host.Location)); err != nil {
			t.Fatal(err)
		}
		again, err := parseLocated(formatLocated(host))
		if err != nil || again != host {
			t.Fatalf("%+v, %v; want %+v", again, err, host)
		}
		if strings.Count(text, " ") < 3 {
			t.Fatalf("%q has not all it needs", text)
		}
	})
}

// Nothing is known that is unreadable.
func TestUnreadable(t *testing.T) {
	for _, text := range unreadable {
		if host, err := parseLocated(text); err == nil {
			t.Errorf("%q: %+v", text, host)
		}
	}
}
