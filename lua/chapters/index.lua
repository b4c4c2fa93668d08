-- The index has which host came with a peer id and key (R7), and which hosts are at an IP address.
-- Its parts are hashes of some 40 hosts each, {HASH}:hosts:1 and so on. Redis keeps these in 40
-- bytes a host; one large hash would take 110. Their number, {HASH}:hosts, grows by one at a time:
-- one of them is split in two (linear hashing, identity.lua).
--
-- A peer id and key has 12 digits of its SHA-1 as field. The value is ADDRESS N: the host that came
-- last with it, empty once that one is forgotten, and how many hosts have it, left out if it is
-- that one only. Two with the same digits count as one, so they join no addresses.
--
-- An IP address has the ports of its hosts as value: GONE|LIVE, each begun by a blank, in the order
-- in which they departed and came.

local function part_key(n)
  return tag .. ':hosts:' .. n
end

local parts -- how many there are, once somebody asked

-- part_of is the number of the part that a host is in.
local function part_of(digest)
  parts = parts or tonumber(call('GET', key('hosts')) or 1)
  local number, size = tonumber(string.sub(digest, 1, 8), 16), 1
  while size < parts do
    size = 2 * size
  end
  local n = number % size
  return (n < parts and n or n - size / 2) + 1
end

local function digest_of(id)
  return string.sub(redis.sha1hex(id), 1, 12)
end

-- read_identity returns the host that came last with a peer id and key, how many hosts have it, and
-- where the entry is.
local function read_identity(id)
  local digest = digest_of(id)
  local part = part_key(part_of(digest))
  local addr, n = string.match(call('HGET', part, digest) or ' 0', '^(%S*) ?(%d*)$')
  return addr, tonumber(n) or 1, part, digest
end

local function write_identity(part, digest, addr, n)
  if n == 0 then
    call('HDEL', part, digest)
  else
    call('HSET', part, digest, n == 1 and addr ~= '' and addr or addr .. ' ' .. n)
  end
end

-- machine_at returns what is kept of an IP address: the part, the ports of hosts that are gone,
-- those of live ones, and how many there are.
local function machine_at(ip)
  local part = part_key(part_of(digest_of(ip)))
  local gone, live = string.match(call('HGET', part, ip) or '|', '^(.*)|(.*)$')
  return part, gone, live, select(2, string.gsub(gone .. live, ' ', ''))
end

-- write_machine puts an address last among the live or the gone ones of its machine, or with no
-- state removes it. It returns how many there are.
local function write_machine(addr, state)
  local ip, port = string.match(addr, '^(.*):(%d+)$')
  local part, gone, live, n = machine_at(ip)
  local function without_it(list)
    local from, to = string.find(list .. ' ', ' ' .. port .. ' ', 1, true)
    n = from and n - 1 or n
    return from and string.sub(list, 1, from - 1) .. string.sub(list, to) or list
  end
  gone, live = without_it(gone), without_it(live)
  if state == 'gone' then
    gone = gone .. ' ' .. port
  elseif state == 'live' then
    live = live .. ' ' .. port
  end
  if gone .. live ~= '' then
    call('HSET', part, ip, gone .. '|' .. live)
  else
    call('HDEL', part, ip)
  end
  return state and n + 1 or n
end

-- addresses_in returns at most n addresses of a list of ports, the last one first.
local function addresses_in(list, ip, n)
  local addresses = {}
  for port in string.gmatch(string.reverse(list), '%d+') do
    if #addresses == n then
      break
    end
    addresses[#addresses + 1] = ip .. ':' .. string.reverse(port)
  end
  return addresses
end

-- unlist removes a host from those seen.
local function unlist(host)
  call('SREM', key('peers:N'), host.address)
  write_machine(host.address, nil)
end

-- forget removes every trace of a host; why is that of lose_places. The host that is passed keeps
-- what its successors need (machine.lua).
local function forget(host, why)
  if host.live then
    depart(host, why)
  end
  host.seen = last_seen(host.address)
  host.completed, host.downloaded = unpack(call('HMGET', record_key(host.address), 'event:completed', 'downloaded'))
  host.lacked = not host.seeded and host.left
  tally(host, nil)
  unlist(host)
  local last, n, part, digest = read_identity(host.id)
  write_identity(part, digest, last == host.address and '' or last, math.max(n - 1, 0))
  call('DEL', record_key(host.address))
  if host.also ~= '' then
    call('DEL', record_key(host.also))
    write_machine(host.also, nil)
  end
  loaded[host.address] = nil
end
