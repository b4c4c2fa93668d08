-- Whether a transfer needs a host as representative of path[level], under REPR_SCOPE=rack. It does
--   - while a live host of the rack fetches; of a group around racks, while hosts of its swarm
--     lack something, and none there has everything;
--   - while somebody in a swarm around lacks something, and only this host brings it everything.
-- Partial seeds fetch nothing.

-- is_fetching says whether a live host of a rack fetches. Of more than a shelf of leechers one does.
local function is_fetching(rack)
  if rack.leechers > SHELF then
    return true
  end
  for entry in string.gmatch(call('GET', shelf_key(rack.name, 'leechers', 1)) or '', '[^\n]+') do
    local addr = string.match(entry, '^%S+')
    local host = load_host(addr)
    if host and host.state == 'leecher' and tonumber(call('HGET', record_key(addr), 'last_seen') or 0) > due then
      return true
    end
  end
  return false
end

local function is_needed(host, path, level)
  local group = read_swarm(path[level])
  if level == 1 and is_fetching(group) or level > 1 and group.leechers > 0 and group.seeders == 0 then
    return true
  end
  for beyond = level + 1, #path do
    local around = read_swarm(path[beyond])
    local own = (host.shelves[beyond] or 0) > 0 and kind(host)
    if around.leechers > (own == 'leechers' and 1 or 0) and around.seeders == (own == 'seeders' and 1 or 0) then
      return true
    end
  end
  return false
end

-- rank_of a wish for a place, or of who has it, is one word: 2 if the transfer needs it. If not, the
-- transfer registered last ranks highest: 1:REGISTERED:{HASH}.
local function rank_of(host, path, level)
  return is_needed(host, path, level) and '2' or '1:' .. call('GET', registered) .. ':' .. tag
end
