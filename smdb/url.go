package smdb

import "net/url"

// URL is a setting: an absolute http or https URL, or empty. It may hold a
// password.
type URL string

// Decode never repeats the URL in its error, for the password's sake.
func (u *URL) Decode(text string) error {
	*u = URL(text)
	if text == "" {
		return nil
	}
	_, err := ParseURL(text)
	return err
}

// Secret says whether the URL holds a user's name or password.
func (u URL) Secret() bool {
	parsed, err := url.Parse(string(u))
	return err == nil && parsed.User != nil
}

// String hides the password.
func (u URL) String() string {
	parsed, err := url.Parse(string(u))
	if err != nil {
		return ""
	}
	return parsed.Redacted()
}
