-- Places of representatives, taken and looked at outside the common way.

-- find_lease returns the token by which a host may take a place of the group: that of a
-- place it lost within this call, or the one the frontend took for it. If there is none
-- the frontend is asked for one.
local function find_lease(host, path, level)
  local group = group_of(path[level])
  local before = lost[group .. ' ' .. host.address]
  if before and before.token and good_for(before.token) > due then
    return before.token
  end
  local of, addr, token = string.match(lease, '^(%S+) (%S+) (%d+)$')
  if of == group and addr == host.address and good_for(token) > due
    and tonumber(token) > tonumber(call('HGET', leases, group) or 0) then
    return token
  end
  local rank = rank_of(host, path, level)
  tell('lease', group, host.address, rank, read_swarm(path[level]).representatives, transfer_name())
end

-- keep_lease asks the frontend for a newer lease where a representative needs one.
local function keep_lease(host, swarm)
  if held_for(swarm, host.address) <= now then
    tell('renew', group_of(swarm), host.address)
  end
end

-- begin_probing lets the frontend probe a host that has just become a representative: while
-- it certainly lives, so that it shows whether it can be probed at all.
local function begin_probing(addr)
  if probe_interval ~= '' and call('HGET', record_key(addr), 'probed') ~= 'never' then
    call('HDEL', record_key(addr), 'reachable')
    claim_probe(addr, 0)
  end
end

-- take_place makes the host a representative of path[level]. It returns whether it could:
-- under REPR_SCOPE=rack not without a lease.
local function take_place(host, path, level)
  local group = group_of(path[level])
  local place = group .. ' ' .. host.address
  if scope == 'rack' then
    local token = find_lease(host, path, level)
    if not token then
      return false
    end
    call('HSET', leases, place, token)
    call('PERSIST', leases)
    may_be_due(path[1] .. ':R', good_for(token))
  end
  call('SADD', path[level] .. ':R', host.address)
  if level == 1 then
    call('SADD', peers_R, host.address)
  end
  local swarm = read_swarm(path[level])
  swarm.generation, swarm.representatives = swarm.generation + 1, swarm.representatives + 1
  swarm.lines = swarm.lines .. '\n' .. host.state .. ' ' .. contact(host)
  write_swarm(swarm)
  put(host, path, level + 1)
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

-- clear_places takes the places of those who are due, or whose leases have run out.
local function clear_places(swarm)
  for _, addr in ipairs(call('SMEMBERS', swarm .. ':R')) do
    if backlog and last_seen(addr) <= due then
      expire_host(addr)
      strike(swarm, addr) -- if its record was lost
    elseif scope == 'rack' then
      lapse(swarm, addr)
    end
  end
end

-- include: overdue

-- claim_overdue tells the frontend to probe those of whom nobody has heard for long.
local function claim_overdue(path, represents)
  for level = 1, math.min(represents + 1, #path - 1) do
    for addr in string.gmatch(read_swarm(path[level]).lines, '\n%a+ (%S+)') do
      if is_overdue(record_key(addr)) then
        claim_probe(addr, 0)
      end
    end
  end
end
