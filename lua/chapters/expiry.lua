-- Hosts that were silent for too long expire within the announces of others, a bounded few at a
-- time. Representatives whose leases have run out lose their places likewise. {HASH}:pages says
-- what to check when: pages of racks for their hosts, rack:RACK:R for leases.

-- More hosts are due than one call may expire. Then each host is checked before it is handed out.
local backlog = false

local function expire_host(addr)
  local host = load_host(addr)
  if host and host.live then
    depart(host, 'expired')
    host.state = 'gone'
    write_state(host)
    update_machine(host)
  end
end

-- expire_entry expires a host on a page. If its record was lost, its contact says enough to take it
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

-- expire_page expires at most budget hosts of a page. It returns how many it checked, and how many
-- expired.
local function expire_page(name, budget)
  local rack, part = string.match(name, '^rack:([^:]*):(%a+)')
  local first, checked, gone = math.huge, 0, {}
  for entry in string.gmatch(call('GET', key(name)) or '', '[^\n]+') do
    local seen = last_seen(string.match(entry, '^%S+'))
    if seen <= due and #gone < budget then
      gone[#gone + 1] = entry
    else
      first = math.min(first, seen)
    end
    checked = checked + 1
  end
  -- Before hosts expire: one that fills a gap here may have to be checked sooner.
  if first < math.huge then
    call('ZADD', key('pages'), first, name)
  else
    call('ZREM', key('pages'), name)
  end
  for _, entry in ipairs(gone) do
    expire_entry(entry, rack, part)
  end
  return checked, #gone
end

-- expire expires hosts. If nobody is live then, the summary still says since when perhaps nobody
-- announced.
local function expire()
  local PAGES, checks, budget = 16, 128, 16 -- at most: pages, hosts checked, hosts that expire
  for _, name in ipairs(call('ZRANGEBYSCORE', key('pages'), '-inf', due, 'LIMIT', 0, PAGES)) do
    local rack_of_leases = string.match(name, '^rack:([^:]*):R$')
    if rack_of_leases then
      lose_lapsed_of(rack_of_leases)
    elseif checks > 0 and budget > 0 then
      local checked, gone = expire_page(name, budget)
      checks, budget = checks - checked, budget - gone
    end
  end
  local first = call('ZRANGE', key('pages'), 0, 0, 'WITHSCORES')[2]
  if first and first ~= 'inf' then
    summary.oldest = tonumber(first)
    backlog = summary.oldest <= due
  end
end
