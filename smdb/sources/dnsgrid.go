package sources

import (
	"errors"
	"fmt"
	"math"
)

const (
	// earthRadius is the mean one, in metres. The earth is no sphere: a square's true size is up
	// to 0.6 % more or less.
	earthRadius = 6_371_009

	// A LOC record counts thousandths of an arc second (RFC 1876, 2), 3 cm each.
	latitudes  = 180 * 3_600_000 // from pole to pole
	longitudes = 360 * 3_600_000 // around the earth
)

// point is a place in thousandths of an arc second. Both coordinates are positive.
type point struct {
	north int64 // of the South Pole, up to latitudes
	east  int64 // of 180 degrees west, up to longitudes
}

// grid divides the earth into rows of the same height from the South Pole to the North Pole, and
// each row into columns of the same width from 180 degrees west to 180 degrees east. A point on
// an edge is in the square to its north or east.
//
// The number of columns depends on the row alone, not on the latitude of a point in it: two
// points of a row with the same longitude are in one square.
type grid struct {
	metres int // the largest width and height of a square
	rows   int64
}

func newGrid(metres int) (grid, error) {
	if metres < 1 {
		return grid{}, errors.New("must be at least 1 metre")
	}
	return grid{metres: metres, rows: parts(math.Pi*earthRadius, metres)}, nil
}

// parts is into how many equal parts of at most size metres a length is divided.
func parts(length float64, size int) int64 {
	return max(1, int64(math.Ceil(length/float64(size))))
}

// columns is how many a row has: its longest parallel, the one nearest the equator, decides.
func (g grid) columns(row int64) int64 {
	bottom, top := float64(row)/float64(g.rows), float64(row+1)/float64(g.rows)
	nearest := max(bottom, min(top, 0.5)) // 0 is the South Pole, 1 the North Pole
	return parts(2*math.Pi*earthRadius*math.Sin(math.Pi*nearest), g.metres)
}

// square names a point's square by the middle of it, in degrees: "52.520109N_13.404255E". Six
// digits are 11 cm, and no square is that small. It computes with integers, so that all frontends
// get the same name, also where their processors round floats differently.
func (g grid) square(p point) string {
	row := min(p.north*g.rows/latitudes, g.rows-1) // the North Pole is in the last row
	columns := g.columns(row)
	column := p.east * columns / longitudes % columns // 180 degrees east are 180 degrees west
	return degrees((2*row+1)*180e6/(2*g.rows)-90e6, 'N', 'S') + "_" +
		degrees((2*column+1)*360e6/(2*columns)-180e6, 'E', 'W')
}

// degrees writes millionths of a degree.
func degrees(micro int64, positive, negative rune) string {
	side := positive
	if micro < 0 {
		side, micro = negative, -micro
	}
	return fmt.Sprintf("%d.%06d%c", micro/1e6, micro%1e6, side)
}
