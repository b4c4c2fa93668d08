package smdb

import "errors"

// outcome is how a question to a source ended.
type outcome uint8

const (
	found    outcome = iota
	notFound         // the source does not know the host
	invalid          // it knows the host, but no valid place
	failed           // it could not answer
	outcomes         // how many there are
)

func (o outcome) String() string {
	return [outcomes]string{"found", "not_found", "invalid", "failed"}[o]
}

// keepsLast says whether the last known place stays in use. A source that fails, or names no
// valid place, may be mended soon; one that no longer knows the host is believed.
func (o outcome) keepsLast() bool { return o == invalid || o == failed }

// outcomeOf sorts an error of Source.Locate.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return found
	case errors.Is(err, ErrNotFound):
		return notFound
	case errors.Is(err, ErrInvalid):
		return invalid
	default:
		return failed
	}
}
