package sources

import "bytes"

// line is one line of what a program wrote, without its end.
type line struct {
	text string
	cut  bool // it is longer; the rest is dropped
	more bool // more bytes came along with it
}

// lineWriter is an io.Writer that passes each line that is written to it to a function, cut
// after max bytes. The rest behind the last newline waits for flush.
type lineWriter struct {
	max  int
	each func(line) error // its error is Write's

	pending []byte // of a line whose end has not come yet
	cutting bool   // the line was passed on, and its end has not come yet
}

// Write implements io.Writer.
func (w *lineWriter) Write(data []byte) (int, error) {
	for rest := data; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		rest = after
		if err := w.add(part, ended, len(rest) > 0); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

func (w *lineWriter) add(part []byte, ended, more bool) error {
	if w.cutting {
		w.cutting = !ended
		return nil
	}
	room := w.max - len(w.pending)
	cut := len(part) > room
	w.pending = append(w.pending, part[:min(len(part), room)]...)
	if !ended && !cut {
		return nil
	}
	w.cutting = !ended
	text := string(w.pending)
	w.pending = w.pending[:0]
	return w.each(line{text: text, cut: cut, more: more})
}

// flush passes on a last line without a newline.
func (w *lineWriter) flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	return w.add(nil, true, false)
}
