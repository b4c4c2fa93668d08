-- A host is { address, id, state, shelves, left, came, seeded, rack, also, live, seen }: its record,
-- as far as the decisions need it.
--   state: leecher, seeder, paused (a partial seed) or gone
--   shelves: on which it stands in each of its swarms, from the rack outwards
--   came: when it announced first, if it has had everything since, 0 once it took the place of one that
--     had everything; else nil
--   seeded: true if it is such a one, and nobody on its machine lacked anything before (machine.lua)
--   seen: when it last announced, known once this announce is settled
-- Of the host that announces also:
--   joined: it was not live before
--   before: what it lacked when it announced last, nil if it never did
--   represented: how many groups it represented until now
--   alone: it was just seen for the first time, or at another address, and nobody else on its machine was
--   namesake: likewise; the address of the one host that had its peer id and key until then
--
-- A host is loaded once in a call: whoever moves another host moves it for all.
local loaded = {}

-- load_host reads the host recorded at an address, or nil. The record of a second address
-- only names the first.
local function load_host(addr)
  if loaded[addr] then
    return loaded[addr]
  end
  local r = call('HMGET', record_key(addr), 'peer_id', 'key', 'rack', 'left', 'state', 'shelves', 'also',
    'came', 'seeded')
  if not r[1] then
    local first = call('HGET', record_key(addr), 'host')
    return first and load_host(first) or nil
  end
  local host = { address = addr, id = r[1] .. (r[2] or ''), rack = r[3], left = r[4], shelves = {}, also = r[7] or '',
    came = tonumber(r[8] or nil), seeded = r[9] == 'True' or nil,
    state = r[5] or r[4] == '0' and 'seeder' or 'leecher' }
  host.live = host.state ~= 'gone'
  for n in string.gmatch(r[6] or host.live and '1' or '', '%d+') do
    table.insert(host.shelves, tonumber(n))
  end
  loaded[addr] = host
  return host
end
