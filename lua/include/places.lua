-- Places of representatives, taken and looked at outside the common way.

-- begin_probing lets the frontend probe a host that has just become a representative: while
-- it certainly lives, so that it shows whether it can be probed at all.
local function begin_probing(addr)
  if probe_interval ~= '' then
    call('HDEL', record_key(addr), 'reachable')
    claim_probe(addr, 0)
  end
end

-- take_place makes the host a representative of path[level] that stands by. It returns whether it could:
-- under REPR_SCOPE=rack not without a lease.
local function take_place(host, path, level)
  local group = group_of(path[level])
  local place = group .. ' ' .. host.address
  if scope == 'rack' then
    local token = find_lease(host, group)
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
  swarm.representatives = swarm.representatives + 1
  swarm.lines = swarm.lines .. '\n' .. kind(host) .. ' ' .. contact(host)
  write_swarm(swarm)
  host.shelves[level + 1] = 0
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
