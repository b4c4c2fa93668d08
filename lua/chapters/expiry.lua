-- Hosts that were silent for too long leave within the announces of others, a bounded few at a time, and so
-- do representatives whose leases have run out. {HASH}:pages says where to look: at each page of a rack,
-- and at rack:RACK:R for its leases.

-- Whether some hosts that are due may still be there, since more are than one call may let go: then all that
-- is handed out must be looked at twice.
local backlog = false

local function expire_host(addr)
  local host = load_host(addr)
  if host and host.live then
    depart(host, 'expired')
    host.state = 'gone'
    write_state(host)
    settle_machine(host)
  end
end

-- expire_entry lets a host on a page go. If its record was lost, the contact still says enough to take it
-- out of the live sets.
local function expire_entry(entry, rack, part)
  local addr, second = string.match(entry, '^(%S+) ?(%S*)$')
  if load_host(addr) then
    expire_host(addr)
  else
    local is_paused = call('SISMEMBER', key('peers:P'), addr) == 1
    local state = part == 'seeders' and 'seeder' or is_paused and 'paused' or 'leecher'
    depart({ address = addr, also = second, rack = rack, state = state, pages = {} }, 'expired')
  end
end

-- expire_page lets at most budget hosts of a page go. It returns how many it looked at and
-- how many went.
local function expire_page(name, budget)
  local rack, part = string.match(name, '^rack:([^:]*):(%a+)')
  local first, looks, gone = math.huge, 0, {}
  for entry in string.gmatch(call('GET', key(name)) or '', '[^\n]+') do
    local seen = last_seen(string.match(entry, '^%S+'))
    if seen <= due and #gone < budget then
      gone[#gone + 1] = entry
    else
      first = math.min(first, seen)
    end
    looks = looks + 1
  end
  -- First: a host that fills a gap here may have to be looked at sooner.
  if first < math.huge then
    call('ZADD', key('pages'), first, name)
  else
    call('ZREM', key('pages'), name)
  end
  for _, entry in ipairs(gone) do
    expire_entry(entry, rack, part)
  end
  return looks, #gone
end

-- expire lets hosts go. If nobody is live any more, the summary still says since when nobody may have
-- announced.
local function expire()
  local PAGES, looks, budget = 16, 128, 16 -- at most: pages, hosts looked at, hosts that go
  for _, name in ipairs(call('ZRANGEBYSCORE', key('pages'), '-inf', due, 'LIMIT', 0, PAGES)) do
    local rack_of_leases = string.match(name, '^rack:([^:]*):R$')
    if rack_of_leases then
      lapse_leases(rack_of_leases)
    elseif looks > 0 and budget > 0 then
      local looked, gone = expire_page(name, budget)
      looks, budget = looks - looked, budget - gone
    end
  end
  local first = call('ZRANGE', key('pages'), 0, 0, 'WITHSCORES')[2]
  if first and first ~= 'inf' then
    summary.oldest = tonumber(first)
    backlog = summary.oldest <= due
  end
end
