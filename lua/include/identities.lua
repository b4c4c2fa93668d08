-- Who is at which address, by peer id and key (R7). The index is parted into hashes of some 40
-- hosts each, {HASH}:hosts:1 and so on, which Redis keeps in 40 bytes a host; as one large hash
-- they would take 110. Their number grows by one at a time, by splitting one of them in two (linear
-- hashing); {HASH}:hosts says how many there are. A host is in it by 12 digits of the SHA-1 of its
-- peer id and key: its record says whether it is really the one.
local HOSTS_OF_PART = 40

local function part_key(n)
  return hosts .. ':' .. n
end

-- part_of is the number of the part that a host is in, of so many.
local function part_of(digest, parts)
  local number, size = tonumber(string.sub(digest, 1, 8), 16), 1
  while size < parts do
    size = 2 * size
  end
  local n = number % size
  return (n < parts and n or n - size / 2) + 1
end

local function parts_now()
  return tonumber(call('GET', hosts) or 1)
end

local function digest_of(id)
  return string.sub(redis.sha1hex(id), 1, 12)
end

-- address_of returns the address that a host was seen at first, or nil.
local function address_of(id)
  local digest = digest_of(id)
  local addr = call('HGET', part_key(part_of(digest, parts_now())), digest)
  local host = addr and load_host(addr)
  return host and host.id == id and addr
end

-- split adds a part, and moves there who belongs there now.
local function split(parts)
  call('SET', hosts, parts + 1)
  local size = 1
  while size < parts + 1 do
    size = 2 * size
  end
  local old = part_key(parts + 1 - size / 2)
  local entries = call('HGETALL', old)
  call('DEL', old) -- else it stays as large as it was
  for i = 1, #entries, 2 do
    call('HSET', part_key(part_of(entries[i], parts + 1)), entries[i], entries[i + 1])
  end
end

local function remember(id, addr)
  local digest, parts = digest_of(id), parts_now()
  call('HSET', part_key(part_of(digest, parts)), digest, addr)
  if call('SCARD', peers_N) > parts * HOSTS_OF_PART then
    split(parts)
  end
end

local function forget_identity(id)
  local digest = digest_of(id)
  call('HDEL', part_key(part_of(digest, parts_now())), digest)
end
