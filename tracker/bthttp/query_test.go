package bthttp

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// genEscaped is 20 bytes and one of the ways to send them: every byte escaped in
// either case, or as it is where that is not ambiguous.
var genEscaped = rapid.Custom(func(t *rapid.T) (sent [2]string) {
	for _, c := range rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "bytes") {
		forms := []string{fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c), string([]byte{c})}
		if c == '%' || c == '&' {
			forms = forms[:2]
		}
		sent[0] += string([]byte{c})
		sent[1] += rapid.SampledFrom(forms).Draw(t, "form")
	}
	return sent
})

func TestEscapesAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash, id, key := genEscaped.Draw(t, "info_hash"), genEscaped.Draw(t, "peer_id"), genEscaped.Draw(t, "key")
		parts := rapid.Permutation([]string{
			"info_hash=" + hash[1], "peer_id=" + id[1], "key=" + key[1], "port=1", "x", "=", "",
		}).Draw(t, "order")
		query := ""
		for _, part := range parts {
			query += part + "&"
		}
		got, err := ParseAnnounce(query, client, false)
		if err != nil {
			t.Fatal(err)
		}
		if string(got.InfoHash[:]) != hash[0] || string(got.PeerID[:]) != id[0] || got.Key != key[0] {
			t.Fatalf("got %q, %q, %q; want %q, %q, %q", got.InfoHash, got.PeerID, got.Key, hash[0], id[0], key[0])
		}
	})
}
