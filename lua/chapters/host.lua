-- A host is { address, id, state, pages, left, came, seeded, rack, also, live, seen }: its record,
-- as far as decisions need it.
--   id: peer id and key
--   state: leecher, seeder, paused (a partial seed) or gone
--   pages: its page in each of its swarms, from the rack outwards
--   came: when it announced first, if it has had everything since; 0 once it succeeded a host that
--     had everything; else nil
--   seeded: true if it has a `came`, and nobody on its machine fetched anything (machine.lua)
--   seen: when it last announced, known once this announce is recorded
-- Of the host that announces also:
--   joined: it was not live before
--   before: what it lacked when it announced last, nil if it never did
--   alone: it is new at this address, and no other host was seen on its machine
--   namesake: it is new at this address; the one host that had its peer id and key until then
--
-- A host is loaded once in a call, so all code sees the same one.
local loaded = {}

-- load_host reads the host recorded at an address, or nil. The record of a second address only
-- names the first.
local function load_host(addr)
  if loaded[addr] then
    return loaded[addr]
  end
  local r = call('HMGET', record_key(addr), 'peer_id', 'key', 'rack', 'left', 'state', 'pages', 'also',
    'came', 'seeded')
  if not r[1] then
    local first = call('HGET', record_key(addr), 'host')
    return first and load_host(first) or nil
  end
  local host = { address = addr, id = r[1] .. (r[2] or ''), rack = r[3], left = r[4], pages = {}, also = r[7] or '',
    came = tonumber(r[8] or nil), seeded = r[9] == 'True' or nil,
    state = r[5] or r[4] == '0' and 'seeder' or 'leecher' }
  host.live = host.state ~= 'gone'
  for n in string.gmatch(r[6] or host.live and '1' or '', '%d+') do
    table.insert(host.pages, tonumber(n))
  end
  loaded[addr] = host
  return host
end

-- last_seen is when the host at an address announced last; 0 if its record was lost.
local function last_seen(addr)
  return tonumber(call('HGET', record_key(addr), 'last_seen')) or 0
end

-- contact is a host as it is handed out: its one or two addresses.
local function contact(host)
  return host.also == '' and host.address or host.address .. ' ' .. host.also
end

-- note writes a field of a record that most hosts do without.
local function note(addr, field, value)
  if value ~= '' then
    call('HSET', record_key(addr), field, value)
  else
    call('HDEL', record_key(addr), field)
  end
end

-- write_state writes the state and pages of a host. Most hosts need no field for them, which saves
-- 32 bytes of some 350.
local function write_state(host)
  local pages = table.concat(host.pages, ' ')
  note(host.address, 'state', (host.state == 'paused' or host.state == 'gone') and host.state or '')
  note(host.address, 'pages', pages ~= '1' and pages or '')
  if not host.live then
    note(host.address, 'stamp', '')
  end
end
