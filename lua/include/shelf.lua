local SHELF = 64 -- hosts on a shelf, see shelves.lua

-- shelf_key names the n-th shelf of a swarm's seeders or leechers.
local function shelf_key(swarm, kind, n)
  local first = swarm .. ':' .. kind
  return n == 1 and first or first .. ':' .. n
end
