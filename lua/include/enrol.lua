-- Hosts that are seen for the first time, or by IPv4 for the first time, are put into the index.

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

-- enrol puts a host among all seen, at its address; instead of another one, if it was known by that.
local function enrol(host, instead)
  local HOSTS_OF_PART = 40
  call('SADD', peers_N, host.address)
  host.alone = write_machine(host.address, 'live') == 1 and host.alone ~= false
  local last, n, part, digest = read_identity(host.id)
  if not instead then
    host.namesake = n == 1 and last or nil
    last, n = host.address, n + 1
  elseif last == instead then
    last = host.address
  end
  write_identity(part, digest, last, n)
  if call('SCARD', peers_N) > parts * HOSTS_OF_PART then
    split()
  end
end
