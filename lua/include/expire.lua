-- Hosts that were silent for too long leave within the announces of others, a bounded
-- few at a time, and so do representatives whose leases have run out. Where to look is in
-- `shelves`: for each shelf of a rack, and as RACK:R for its leases, a time before which none
-- of them is due.

local function expire_host(addr)
  local host = load_host(addr)
  if host and host.live then
    leave(host, 'expired')
    host.state = 'gone'
    write_state(host)
    settle_machine(host)
  end
end

-- expire_contact lets a host on a shelf go. If its record was lost, the contact still says
-- enough to take it out of the live sets.
local function expire_contact(entry, rack, part)
  local addr, second = string.match(entry, '^(%S+) ?(%S*)$')
  if load_host(addr) then
    expire_host(addr)
  else
    local state = part == 'seeders' and 'seeder' or call('SISMEMBER', peers_P, addr) == 1 and 'paused' or 'leecher'
    leave({ address = addr, also = second, rack = rack, state = state, shelves = {} }, 'expired')
  end
end

-- expire_shelf lets at most budget hosts of a shelf go. It returns how many it looked at and
-- how many went.
local function expire_shelf(shelf, budget)
  local rack, part = string.match(shelf, '^rack:([^:]*):(%a+)')
  local first, looks, gone = math.huge, 0, {}
  for entry in string.gmatch(call('GET', tag .. ':' .. shelf) or '', '[^\n]+') do
    local seen = last_seen(string.match(entry, '^%S+'))
    if seen <= due and #gone < budget then
      gone[#gone + 1] = entry
    else
      first = math.min(first, seen)
    end
    looks = looks + 1
  end
  -- First: who comes here instead of one who leaves may have to be looked at sooner.
  if first < math.huge then
    call('ZADD', shelves, first, shelf)
  else
    call('ZREM', shelves, shelf)
  end
  for _, entry in ipairs(gone) do
    expire_contact(entry, rack, part)
  end
  return looks, #gone
end

-- expire returns whether some who are due may be left. If nobody is live any more, the summary still
-- says since when nobody may have announced.
local function expire()
  local SHELVES, looks, budget = 16, 128, 16 -- at most: shelves, hosts looked at, hosts that go
  for _, shelf in ipairs(call('ZRANGEBYSCORE', shelves, '-inf', due, 'LIMIT', 0, SHELVES)) do
    local rack_of_leases = string.match(shelf, '^rack:([^:]*):R$')
    if rack_of_leases then
      lapse_leases(rack_of_leases)
    elseif looks > 0 and budget > 0 then
      local looked, gone = expire_shelf(shelf, budget)
      looks, budget = looks - looked, budget - gone
    end
  end
  local first = call('ZRANGE', shelves, 0, 0, 'WITHSCORES')[2]
  if not first or first == 'inf' then
    return false
  end
  summary.oldest = tonumber(first)
  return summary.oldest <= due
end
