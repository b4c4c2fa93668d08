package sources

import (
	"math"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestPoints(t *testing.T) {
	const equator, pole, half = dns.LOC_EQUATOR, latitudes / 2, longitudes / 2
	for _, tt := range []struct {
		loc  dns.LOC
		want point
		ok   bool
	}{
		{dns.LOC{Latitude: equator, Longitude: equator}, point{pole, half}, true},
		{dns.LOC{Latitude: equator - pole, Longitude: equator - half}, point{0, 0}, true},
		{dns.LOC{Latitude: equator + pole, Longitude: equator + half}, point{latitudes, longitudes}, true},
		{dns.LOC{Latitude: equator, Longitude: equator, Altitude: 1, Size: 2, HorizPre: 3, VertPre: 4}, point{pole, half}, true},
		{dns.LOC{Latitude: equator - pole - 1, Longitude: equator}, point{}, false},
		{dns.LOC{Latitude: equator + pole + 1, Longitude: equator}, point{}, false},
		{dns.LOC{Latitude: equator, Longitude: equator - half - 1}, point{}, false},
		{dns.LOC{Latitude: equator, Longitude: equator + half + 1}, point{}, false},
		{dns.LOC{Latitude: equator, Longitude: equator, Version: 1}, point{}, false},
		{dns.LOC{}, point{}, false},
	} {
		if got, err := pointOf(&tt.loc); got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.loc.String(), got, err, tt.want, tt.ok)
		}
	}
}

// Names of squares, worked out by hand: of 1,000 km there are 21 from pole to
// pole, 41 around the equator, and 6 around a pole.
func TestSquares(t *testing.T) {
	grid, err := newGrid(1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		p    point
		want string
	}{
		{point{0, 0}, "85.714286S_150.000000W"},
		{point{latitudes, longitudes}, "85.714285N_150.000000W"},
		{point{latitudes / 2, longitudes / 2}, "0.000000N_0.000000E"},
		{point{latitudes / 2, 0}, "0.000000N_175.609757W"},
		{point{latitudes / 2, longitudes}, "0.000000N_175.609757W"},
		{point{latitudes / 2, longitudes - 1}, "0.000000N_175.609756E"},
	} {
		if got := grid.square(tt.p); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.p, got, tt.want)
		}
	}
	if _, err := newGrid(0); err == nil {
		t.Error("a grid of nothing is accepted")
	}
}

func drawGrid(t *rapid.T) grid {
	metres := rapid.OneOf(rapid.IntRange(1, 1000), rapid.IntRange(1, 1_000_000)).Draw(t, "metres")
	grid, err := newGrid(metres)
	if err != nil {
		t.Fatal(err)
	}
	return grid
}

func drawPoint(t *rapid.T) point {
	return point{rapid.Int64Range(0, latitudes).Draw(t, "north"), rapid.Int64Range(0, longitudes).Draw(t, "east")}
}

// near draws a point at most about a square away, around the earth too.
func near(t *rapid.T, p point, g grid) point {
	const metre = latitudes / (math.Pi * earthRadius)
	reach := int64(float64(g.metres)*metre) + 1
	north := p.north + rapid.Int64Range(-reach, reach).Draw(t, "further north")
	east := p.east + rapid.Int64Range(-reach, reach).Draw(t, "further east")
	return point{min(max(north, 0), latitudes), (east + longitudes) % longitudes}
}

// metresBetween is the distance of two points (the haversine formula).
func metresBetween(a, b point) float64 {
	const radian = latitudes / math.Pi
	sinNorth := math.Sin(float64(a.north-b.north) / radian / 2)
	sinEast := math.Sin(float64(a.east-b.east) / radian / 2)
	fromAxis := math.Sin(float64(a.north)/radian) * math.Sin(float64(b.north)/radian)
	return 2 * earthRadius * math.Asin(math.Sqrt(sinNorth*sinNorth+fromAxis*sinEast*sinEast))
}

// Hosts of one group are no farther from each other than a square's corners, and
// the name is a valid group that lies in the square itself.
func TestSquareIsSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid, p := drawGrid(t), drawPoint(t)
		other := near(t, p, grid)
		name := grid.square(p)
		location, err := tracker.ParseLocation(name)
		if err != nil || len(location.Groups()) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		// On a sphere a diagonal is a little more than the root of 2.
		limit := 2 * earthRadius * math.Asin(math.Sqrt2*math.Sin(float64(grid.metres)/earthRadius/2))
		if got := metresBetween(p, other); grid.square(other) == name && got > limit+1e-6 {
			t.Fatalf("%+v and %+v are both in %s, %.3f metres apart", p, other, name, got)
		}
	})
}

// All points between the edges of a square have its name, and none beyond them:
// neighbours agree on where one ends.
func TestNeighboursAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid, p := drawGrid(t), drawPoint(t)
		row := min(p.north*grid.rows/latitudes, grid.rows-1)
		columns := grid.columns(row)
		west, east := edges(p.east*columns/longitudes%columns, columns, longitudes)
		south, north := edges(row, grid.rows, latitudes)
		name := grid.square(p)
		inside := point{rapid.Int64Range(south, north-1).Draw(t, "inside north"), rapid.Int64Range(west, east-1).Draw(t, "inside east")}
		if got := grid.square(inside); got != name {
			t.Fatalf("%+v is in %s, but %+v between its edges in %s", p, name, inside, got)
		}
		for _, outside := range []point{
			{inside.north, east % longitudes},
			{inside.north, (west - 1 + longitudes) % longitudes},
		} {
			if columns > 1 && grid.square(outside) == name {
				t.Fatalf("%+v is outside of %s", outside, name)
			}
		}
		if north < latitudes && grid.square(point{north, inside.east}) == name || south > 0 && grid.square(point{south - 1, inside.east}) == name {
			t.Fatalf("%s is more than one row", name)
		}
	})
}

// edges are the first unit of a part, and the first behind it.
func edges(part, parts, length int64) (first, behind int64) {
	up := func(n int64) int64 { return (n*length + parts - 1) / parts }
	return up(part), up(part + 1)
}

// The whole way round, 180 degrees east is 180 degrees west.
func TestDateLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid, p := drawGrid(t), drawPoint(t)
		if east, west := grid.square(point{p.north, longitudes}), grid.square(point{p.north, 0}); east != west {
			t.Fatalf("%s and %s", east, west)
		}
	})
}
