package experiment

import (
	"fmt"
	"slices"
	"strings"
)

// Lengths in a plot of curves.
const (
	curvesLeft   = 50
	curvesTop    = 20
	curvesWidth  = 560
	curvesHeight = 300
	curvesLegend = 330 // beside the curves
	legendLine   = 20
)

// Curves draws one for each case: which share of the hosts had the payload by when, by the least time
// that is possible. Of several runs it is the first.
func Curves(r *Results) []byte {
	cases := r.cases()
	latest := 1.0
	for _, runs := range cases {
		latest = max(latest, runs[0].Times.Last/runs[0].Bound)
	}
	s := newSVG(curvesLeft+curvesWidth+curvesLegend, curvesTop+max(curvesHeight, legendLine*len(cases))+40)
	s.axes(latest)
	for n, runs := range cases {
		colour := Colours[n%len(Colours)]
		s.add(`<path fill="none" stroke-width="1.5" stroke="%s" d="%s"/>`, colour, curve(runs[0], latest))
		label := fmt.Sprintf("%s: %.2f copies", runs[0].Case, runs.Mean(copiesIn))
		s.text(curvesLeft+curvesWidth+15, curvesTop+12+legendLine*n, fmt.Sprintf(` fill="%s"`, colour), label)
	}
	return s.close()
}

// axes have a mark for each time the bound, and for each quarter of the hosts.
func (s *svg) axes(latest float64) {
	const grey, bottom = ` stroke="#ddd"`, curvesTop + curvesHeight
	for times := 0; float64(times) <= latest; times++ {
		x := curvesLeft + float64(times)/latest*curvesWidth
		s.line(x, curvesTop, x, bottom, grey)
		s.text(x, bottom+15, ` text-anchor="middle"`, fmt.Sprint(times))
	}
	for quarter := range 5 {
		y := bottom - quarter*curvesHeight/4
		s.line(curvesLeft, float64(y), curvesLeft+curvesWidth, float64(y), grey)
		s.text(curvesLeft-6, y+4, ` text-anchor="end"`, fmt.Sprint(25*quarter, " %"))
	}
	s.text(curvesLeft+curvesWidth/2, bottom+32, ` text-anchor="middle"`, "time / least possible time")
}

// curve is a path of at most a point for each pixel.
func curve(o *Outcome, latest float64) string {
	var times []float64
	for _, h := range o.Hosts {
		if h.Seconds > 0 {
			times = append(times, h.Seconds)
		}
	}
	slices.Sort(times)
	var path strings.Builder
	fmt.Fprintf(&path, "M%d,%d", curvesLeft, curvesTop+curvesHeight)
	for x := 1; x <= curvesWidth; x++ {
		by := float64(x) / curvesWidth * latest * o.Bound
		n, _ := slices.BinarySearch(times, by)
		fmt.Fprintf(&path, " L%d,%.1f", curvesLeft+x, curvesTop+curvesHeight*(1-float64(n)/float64(len(o.Hosts))))
	}
	return path.String()
}
