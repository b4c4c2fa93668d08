package rest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/metainfo"
)

// suffix ends a torrent's name in paths, and wherever the name is shown. The store keeps the name
// without it.
const suffix = ".torrent"

// shownName is a stored name as it is shown. A transfer that registered itself has none.
func shownName(name string) string {
	if name == "" {
		return ""
	}
	return name + suffix
}

// minFiles is how many bytes of files are kept in memory, or twice the largest torrent.
const minFiles = 64 << 20

// maxName is how many bytes a torrent's name may have, without its suffix.
const maxName = 255

const (
	errName    = tracker.ClientError(`a torrent's name has 1 to 255 bytes of UTF-8, no slash, no control character, and is not "." or ".."`)
	errPrivate = tracker.ClientError("the torrent is not private, and REQUIRE_PRIVATE is set: make it again with mktorrent -p")
)

// checkName checks a torrent's name, which is NAME of NAME.torrent.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxName || name == "." || name == "..",
		!utf8.ValidString(name), strings.Contains(name, "/"), strings.ContainsFunc(name, unicode.IsControl):
		return errName
	}
	return nil
}

// listTorrents writes a page of {name: hash}. If there is more, "cursor", which is no torrent's
// name, is for ?cursor of the next page.
func (s *server) listTorrents(w http.ResponseWriter, r *http.Request, _ string) error {
	cursor, limit, err := parsePage(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.store.Torrents(r.Context(), cursor, limit)
	if err != nil {
		return fmt.Errorf("list torrents: %w", err)
	}
	reply := make(map[string]string, len(page.Torrents)+1)
	for name, hash := range page.Torrents {
		reply[shownName(name)] = hash.String()
	}
	if page.Next != "" {
		reply["cursor"] = page.Next
	}
	return writeJSON(w, http.StatusOK, reply)
}

// getTorrent writes the very bytes that were uploaded. A cache asks before each use, by their ETag,
// whether they are still the same.
func (s *server) getTorrent(w http.ResponseWriter, r *http.Request, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	file, err := s.files.open(r.Context(), name)
	if err != nil {
		return fmt.Errorf("get torrent: %w", err)
	}
	defer s.files.close(file)
	header := w.Header()
	header.Set("Content-Type", "application/x-bittorrent")
	header.Set("ETag", `"`+file.Digest+`"`)
	header.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.bytes))
	return nil
}

// added is the reply to an upload.
type added struct {
	Name     string   `json:"name"`
	Hash     string   `json:"hash"`
	Length   uint64   `json:"length"`   // bytes of the payload
	Warnings []string `json:"warnings"` // what would spoil the push; never null
}

// addTorrent registers a torrent and activates its transfer: 201 the first
// time, 200 if it was there. Either answer says what is wrong with the torrent.
func (s *server) addTorrent(w http.ResponseWriter, r *http.Request, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	file, err := s.readTorrent(w, r)
	if err != nil {
		return err
	}
	torrent, err := metainfo.Parse(file, name)
	if err != nil {
		return err
	}
	if s.opts.RequirePrivate && !torrent.Private {
		return errPrivate
	}
	created, err := s.store.AddTorrent(r.Context(), torrent.Torrent)
	if err != nil {
		return fmt.Errorf("add torrent %s: %w", torrent.InfoHash, err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		s.log.Info("transfer registered", "transfer", torrent.InfoHash, "name", name, "bytes", torrent.Length,
			"client", tracker.ClientName(r.RemoteAddr))
	}
	warnings := torrent.Warnings(fromLoopback(r) && !proxied(r))
	return writeJSON(w, status, added{shownName(name), torrent.InfoHash.String(), torrent.Length, warnings})
}

// removeTorrent forgets the file and leaves the transfer as it is.
func (s *server) removeTorrent(w http.ResponseWriter, r *http.Request, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := s.store.RemoveTorrent(r.Context(), name); err != nil {
		return fmt.Errorf("remove torrent: %w", err)
	}
	s.log.Info("torrent removed", "name", shownName(name), "client", tracker.ClientName(r.RemoteAddr))
	return writeJSON(w, http.StatusOK, map[string]string{"removed": shownName(name)})
}
