package metainfo

import (
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/bencode"
)

// whole encodes a torrent of one file that is private, and whose trackers may be ours; pairs
// of keys and values change it, those of info by "info.KEY".
func whole(t *testing.T, pairs ...any) []byte {
	t.Helper()
	info := with(single, "private", 1)
	top := dict{"announce": "http://tracker:6969/announce"}
	for i := 0; i < len(pairs); i += 2 {
		if key, found := strings.CutPrefix(pairs[i].(string), "info."); found {
			info = with(info, key, pairs[i+1])
		} else {
			top = with(top, pairs[i:i+2]...)
		}
	}
	data, err := bencode.EncodeBytes(with(top, "info", info))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sized is a payload of so many bytes, in pieces of this length.
func sized(length, piece int64) []any {
	return []any{"info.length", length, "info.piece length", piece, "info.pieces", pieces(int((length-1)/piece + 1))}
}

func TestWarnings(t *testing.T) {
	const kib, mib, gib = 1 << 10, 1 << 20, 1 << 30
	for name, test := range map[string]struct {
		pairs []any
		want  []string // what each warning holds
	}{
		"good":                  {},
		"first meta version":    {[]any{"info.meta version", 1}, nil},
		"not private":           {[]any{"info.private", nil}, []string{"mktorrent -p"}},
		"private is 0":          {[]any{"info.private", 0}, []string{"not private"}},
		"private is text":       {[]any{"info.private", "1"}, []string{"not private"}},
		"private is a list":     {[]any{"info.private", []any{1}}, []string{"not private"}},
		"private beside info":   {[]any{"info.private", nil, "private", 1}, []string{"not private"}},
		"no announce":           {[]any{"announce", nil}, []string{"no announce URL, so"}},
		"announce is empty":     {[]any{"announce", " "}, []string{"no announce URL, so"}},
		"announce is a number":  {[]any{"announce", 1}, []string{"no announce URL, so"}},
		"only a list":           {[]any{"announce", nil, "announce-list", []any{[]any{"udp://tracker:6969"}}}, nil},
		"the list counts":       {[]any{"announce-list", []any{[]any{"wss://tracker/announce"}}}, []string{"No announce URL of the"}},
		"an empty list":         {[]any{"announce-list", []any{[]any{}}}, nil},
		"one of the list":       {[]any{"announce-list", []any{[]any{"ws://a"}, []any{"http://b/announce"}}}, nil},
		"url-list":              {[]any{"url-list", "http://www/"}, []string{"mktorrent -w"}},
		"url-list of two":       {[]any{"url-list", []any{"http://a/", "http://b/"}}, []string{"web seeds"}},
		"empty url-list":        {[]any{"url-list", ""}, nil},
		"empty list of seeds":   {[]any{"url-list", []any{}, "httpseeds", []any{}}, nil},
		"httpseeds":             {[]any{"httpseeds", []any{"http://a/"}}, []string{"web seeds"}},
		"5000 pieces":           {sized(5000*16*kib, 16*kib), nil},
		"5001 pieces":           {sized(5001*16*kib, 16*kib), []string{"has 5001 pieces, and more than 5000 slow clients down: make it again with pieces of 64 KiB (mktorrent -l 16)."}},
		"just 2500 are advised": {sized(2500*32*kib, 1*kib), []string{"pieces of 32 KiB (mktorrent -l 15)"}},
		"a GiB":                 {sized(gib, 128*kib), []string{"8192 pieces, and more than 5000 slow clients down: make it again with pieces of 512 KiB (mktorrent -l 19)"}},
		"the longest":           {sized(200*gib, 16*mib), []string{"with pieces of 64 MiB (mktorrent -l 26)"}},
		"longest and too many":  {sized(400*gib, 64*mib), []string{"has 6400 pieces, and more than 5000 slow clients down: split the payload"}},
		"64 MiB":                {sized(gib, 64*mib), nil},
		"longer than 64 MiB":    {sized(gib, 64*mib+1), []string{"longer than 64 MiB, and a host passes none on before it has all of it: make it again with pieces of 512 KiB"}},
		"long and too many":     {sized(800*gib, 128*mib), []string{"split the payload", "with pieces of 64 MiB"}},
		"all": {
			append(sized(5001, 1), "info.private", nil, "announce", nil, "url-list", "x"),
			[]string{"not private", "no announce", "web seeds", "5001 pieces"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			torrent, err := Parse(whole(t, test.pairs...), "x")
			if err != nil {
				t.Fatal(err)
			}
			got := torrent.Warnings(false)
			if !slices.EqualFunc(got, test.want, strings.Contains) || got == nil {
				t.Errorf("warnings %q, want %q", got, test.want)
			}
		})
	}
}

// TestWarningsOfTheSecondVersion: a torrent of BEP 52 has its pieces elsewhere.
func TestWarningsOfTheSecondVersion(t *testing.T) {
	many := with(second, "private", 1, "file tree", dict{"a": treeFile(5001 * 16384)})
	torrent, err := Parse([]byte(encode(t, many)), "x")
	if err != nil {
		t.Fatal(err)
	}
	if got := torrent.Warnings(true); len(got) != 1 || !strings.Contains(got[0], "5001 pieces") {
		t.Errorf("warnings %q", got)
	}
}

func TestMaybeOurs(t *testing.T) {
	for text, want := range map[string]struct{ local, elsewhere bool }{
		"http://tracker/announce":              {true, true},
		"http://tracker:6969/announce/":        {true, true},
		"HTTPS://tracker/some/where/announce":  {true, true},
		"http://10.1.2.3:1/announce?key=x":     {true, true},
		"udp://tracker:6969":                   {true, true},
		"udp://[2001:db8::1]:6969/announce":    {true, true},
		"http://127.0.0.1:6969/announce":       {true, false},
		"http://localhost:6969/announce":       {true, false},
		"http://LOCALHOST./announce":           {true, false},
		"http://tracker.localhost/announce":    {true, false},
		"http://0.0.0.0:6969/announce":         {true, false},
		"http://[::]:6969/announce":            {true, false},
		"udp://[::1]:6969":                     {true, false},
		"http://[::ffff:127.0.0.1]/announce":   {true, false},
		"http://tracker:6969/":                 {},
		"http://tracker:6969/announce.php":     {},
		"http://tracker:6969/xannounce":        {},
		"http://tracker:6969/announce/passkey": {},
		"wss://tracker/announce":               {},
		"ftp://tracker/announce":               {},
		"dht://tracker/announce":               {},
		"tracker:6969/announce":                {},
		"http:///announce":                     {},
		"http://:6969/announce":                {},
		"/announce":                            {},
		"http://tracker:x/announce":            {},
	} {
		if local, elsewhere := maybeOurs(text, true), maybeOurs(text, false); local != want.local || elsewhere != want.elsewhere {
			t.Errorf("%s: %v from here, %v from elsewhere", text, local, elsewhere)
		}
	}
}
