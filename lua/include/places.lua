-- Places of representatives, taken and looked at outside the common way.

-- begin_probing lets the frontend probe a host that has just become a representative: while
-- it certainly lives, so that it shows whether it can be probed at all.
local function begin_probing(addr)
  if probe_interval ~= '' then
    call('HDEL', record_key(addr), 'reachable')
    claim_probe(addr, 0)
  end
end

-- take_place makes the host a representative of path[level]. It returns whether it could:
-- under REPR_SCOPE=rack not without a lease.
local function take_place(host, path, level)
  local swarm = path[level]
  local group = group_of(swarm)
  local place = group .. ' ' .. host.address
  if scope == 'rack' then
    local token = find_lease(host, group)
    if not token then
      return false
    end
    call('HSET', leases, place, token)
    call('PERSIST', leases)
    call('ZADD', oldest, 'LT', good_for(token), host.rack)
  end
  call('SADD', swarm .. ':R', host.address)
  if level == 1 then
    call('SADD', peers_R, host.address)
  end
  drop_lists(swarm)
  drop_lists(path[level + 1])
  if lost[place] then
    lost[place] = nil
  else
    tell('promoted')
    if level == 1 then
      begin_probing(host.address)
    end
  end
  return true
end

-- standing_representatives lists a group's, after those have left that are due, or whose
-- leases have run out.
local function standing_representatives(swarm)
  local standing = {}
  for _, addr in ipairs(call('SMEMBERS', swarm .. ':R')) do
    if backlog and is_due(addr) then
      expire_host(addr)
      call('SREM', swarm .. ':R', addr) -- even if its record was lost
    elseif scope ~= 'rack' or not lapse(swarm, addr) then
      standing[#standing + 1] = addr
    end
  end
  return standing
end
