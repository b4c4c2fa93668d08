package experiment

import "fmt"

// Panel has a horizontal bar for each label of a plot.
type Panel struct {
	Title  string
	Legend []string // names of the parts of bars, if they have several
	Bars   []Bar
	Limit  float64 // a line across all bars; 0: none
}

// Bar is made of parts behind each other. A line reaches from their sum to Most, behind which Text is.
type Bar struct {
	Parts  []float64
	Colour int // of the first part, in Colours
	Most   float64
	Text   string
}

const (
	panelWidth     = 280
	panelGap       = 110 // room for the text behind a bar
	lineHeight     = 22
	barHeight      = 14
	headHeight     = 60
	characterWidth = 6.5
)

// Bars draws panels beside each other.
func Bars(labels []string, panels ...Panel) []byte {
	longest := 0
	for _, label := range labels {
		longest = max(longest, len(label))
	}
	x := float64(longest)*characterWidth + 10
	s := newSVG(int(x)+len(panels)*(panelWidth+panelGap), headHeight+lineHeight*len(labels)+10)
	for n, label := range labels {
		s.text(x-8, headHeight+lineHeight*n+barHeight-3, ` text-anchor="end"`, label)
	}
	for _, p := range panels {
		p.draw(s, x)
		x += panelWidth + panelGap
	}
	return s.close()
}

func (p Panel) draw(s *svg, left float64) {
	longest := p.Limit
	for _, b := range p.Bars {
		longest = max(longest, b.most())
	}
	pixels := func(value float64) float64 { return value / longest * panelWidth }
	s.text(left, 22, ` font-size="14"`, p.Title)
	for n, name := range p.Legend {
		x := left + float64(100*n)
		s.rect(x, 36, 12, 12, Colours[n])
		s.text(x+17, 46, "", name)
	}
	for n, b := range p.Bars {
		x, y := left, headHeight+lineHeight*n
		for i, part := range b.Parts {
			s.rect(x, y, pixels(part), barHeight, Colours[(b.Colour+i)%len(Colours)])
			x += pixels(part)
		}
		end, middle := left+pixels(b.most()), float64(y)+barHeight/2
		s.line(x, middle, end, middle, fmt.Sprintf(` stroke="%s"`, Colours[b.Colour]))
		s.text(end+5, y+barHeight-3, "", b.Text)
	}
	if x := left + pixels(p.Limit); p.Limit > 0 {
		s.line(x, headHeight-6, x, float64(headHeight+lineHeight*len(p.Bars)), ` stroke="black" stroke-dasharray="3 3"`)
		s.text(x, headHeight-9, ` text-anchor="middle"`, fmt.Sprint(p.Limit))
	}
}

func (b Bar) most() float64 {
	sum := 0.0
	for _, part := range b.Parts {
		sum += part
	}
	return max(sum, b.Most)
}

// CopiesAndTimes draws a line for each case: the copies that came into a rack, and the makespan by its
// bound. A line at 1 in each is the limit.
func CopiesAndTimes(r *Results) []byte {
	var labels []string
	copies := Panel{Title: "copies into a rack: mean, and the most", Limit: 1}
	times := Panel{Title: "makespan / least possible", Limit: 1}
	for _, runs := range r.cases() {
		labels = append(labels, runs[0].Case.String())
		colour := 0
		if runs[0].Representatives == 0 { // its tracker knows no racks
			colour = 1
		}
		in, most := runs.Mean(copiesIn), runs.most(func(o *Outcome) float64 { return o.In.Max })
		copies.Bars = append(copies.Bars, Bar{[]float64{in}, colour, most, fmt.Sprintf("%.2f (%.2f)", in, most)})
		times.Bars = append(times.Bars, Bar{[]float64{runs.Mean(ratio)}, colour, runs.most(ratio), runs.Extent("%.1f", ratio) + " " + runs.Remark()})
	}
	return Bars(labels, copies, times)
}
