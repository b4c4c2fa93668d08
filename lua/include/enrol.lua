-- Hosts that are seen for the first time, or at another address, are put into the index.

local HOSTS_OF_PART = 40

-- split adds a part, and moves there who belongs there now.
local function split()
  parts = parts + 1
  call('SET', hosts, parts)
  local size = 1
  while size < parts do
    size = 2 * size
  end
  local old = part_key(parts - size / 2)
  local entries = call('HGETALL', old)
  call('DEL', old) -- else it stays as large as it was
  for i = 1, #entries, 2 do
    local digest = string.find(entries[i], '[.:]') and digest_of(entries[i]) or entries[i]
    call('HSET', part_key(part_of(digest)), entries[i], entries[i + 1])
  end
end

local function remember(id, addr)
  local digest = digest_of(id)
  call('HSET', part_key(part_of(digest)), digest, addr)
  if call('SCARD', peers_N) > parts * HOSTS_OF_PART then
    split()
  end
end

-- enrol puts a host among all seen, at its address.
local function enrol(host)
  call('SADD', peers_N, host.address)
  host.alone = write_machine(host.address, true) == 1
  remember(host.id, host.address)
end
