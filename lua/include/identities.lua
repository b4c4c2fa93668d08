-- Who is at which address, by peer id and key (R7). The index is parted into hashes of some 40
-- hosts each (enrol.lua), {HASH}:hosts:1 and so on, which Redis keeps in 40 bytes a host; as one large hash
-- they would take 110. Their number grows by one at a time, by splitting one of them in two (linear
-- hashing); {HASH}:hosts says how many there are. A host is in it by 12 digits of the SHA-1 of its
-- peer id and key: its record says whether it is really the one.
--
-- In the same hashes is who is on which machine: an IP address -> the ports of the hosts seen there
-- last, newest last. Behind an address with more clients than that, some are not found.
local PORTS_OF_MACHINE = 10

local function part_key(n)
  return hosts .. ':' .. n
end

local parts -- how many there are, once somebody asked

-- part_of is the number of the part that a host is in.
local function part_of(digest)
  parts = parts or tonumber(call('GET', hosts) or 1)
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

local function ip_of(addr)
  return string.match(addr, '^(.*):')
end

local function machine_part(ip)
  return part_key(part_of(digest_of(ip)))
end

-- addresses_on a machine are those of the hosts seen there last, newest last.
local function addresses_on(ip, part)
  local list = {}
  for port in string.gmatch(call('HGET', part or machine_part(ip), ip) or '', '%d+') do
    list[#list + 1] = ip .. ':' .. port
  end
  return list
end

-- write_machine puts a port at the end of those of its machine, or takes it away. It returns how many
-- there are.
local function write_machine(addr, is_there)
  local ip = ip_of(addr)
  local part, ports = machine_part(ip), {}
  for _, other in ipairs(addresses_on(ip, part)) do
    if other ~= addr then
      ports[#ports + 1] = string.match(other, '%d+$')
    end
  end
  if is_there then
    ports[#ports + 1] = string.match(addr, '%d+$')
  end
  local text = table.concat(ports, ' ', math.max(#ports - PORTS_OF_MACHINE + 1, 1))
  if text ~= '' then
    call('HSET', part, ip, text)
  else
    call('HDEL', part, ip)
  end
  return #ports
end

-- strike_off takes a host from among all seen.
local function strike_off(host)
  call('SREM', peers_N, host.address)
  write_machine(host.address, false)
end

local function forget_identity(id)
  local digest = digest_of(id)
  call('HDEL', part_key(part_of(digest)), digest)
end
