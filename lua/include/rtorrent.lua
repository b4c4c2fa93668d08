-- rtorrent tells peers that fetch nothing at the moment of its new pieces every 120 s only
-- (docs/uplink.md), so a rack that it leads waits for it.
local function is_rtorrent(id)
  return string.sub(id or '', 1, 3) == '-lt'
end
