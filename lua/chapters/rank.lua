-- How much a transfer needs a host as representative of path[level], under REPR_SCOPE=rack. It
-- needs the host
--   - of a rack, while a live host of the rack fetches;
--   - of a group around racks, while hosts of its swarm fetch, and none there has everything;
--   - while somebody in a swarm around fetches, and nobody else there has everything.
-- Partial seeds fetch nothing.

local function is_fetched(swarm)
  return swarm.leechers > swarm.paused
end

local function is_needed(host, path, level)
  local group = read_swarm(path[level])
  if is_fetched(group) and (level == 1 or group.seeders == 0) then
    return true
  end
  for beyond = level + 1, #path do
    local around = read_swarm(path[beyond])
    local own = host.pages[beyond] and host.state == 'seeder'
    if is_fetched(around) and around.seeders == (own and 1 or 0) then
      return true
    end
  end
  return false
end

-- rank_of returns the rank of a request for a place, or of the host that has it, as one word: 2 if
-- the transfer needs it, else 1:REGISTERED:{HASH}, so that the transfer registered last ranks
-- highest.
local function rank_of(host, path, level)
  return is_needed(host, path, level) and '2' or '1:' .. call('GET', key('registered')) .. ':' .. tag
end
