-- How places are taken; places.lua has how they are lost. rules: { max_repr, scope, lease,
-- probe_interval, word }, as in the header of announce.lua.

-- begin_probing lets the frontend probe a host that has just become a representative. It certainly
-- lives, so the first probe shows whether it can be probed at all.
local function begin_probing(addr, interval)
  if interval ~= '' and call('HGET', record_key(addr), 'probed') ~= 'never' then
    call('HDEL', record_key(addr), 'reachable')
    claim_probe(addr, 0, interval)
  end
end

-- claim_overdue lets the frontend probe the representatives in view that nobody probes. A claim is
-- overdue after two intervals and the longest probe: its frontend has ended.
local function claim_overdue(path, represents, interval)
  for level = 1, math.min(represents + 1, #path - 1) do
    for addr in string.gmatch(read_swarm(path[level]).lines, '\n%a+ (%S+)') do
      local probed = call('HGET', record_key(addr), 'probed')
      if not probed or probed ~= 'never' and probed + 2 * interval + 10 <= now then
        claim_probe(addr, 0, interval)
      end
    end
  end
end

-- find_lease returns the token by which a host may take a place of the group: that of a place it
-- lost within this call, or the one that the frontend took for it. Without one it asks the frontend
-- for a lease.
local function find_lease(host, path, level, rules)
  local group = group_of(path[level])
  local before = lost[group .. ' ' .. host.address]
  if before and before.token and good_for(before.token) > due then
    return before.token
  end
  local of, addr, token = string.match(rules.lease, '^(%S+) (%S+) (%d+)$')
  if of == group and addr == host.address and good_for(token) > due
    and tonumber(token) > tonumber(call('HGET', key('leases'), group) or 0) then
    return token
  end
  local rank = rank_of(host, path, level)
  tell('lease', group, host.address, rank, read_swarm(path[level]).representatives, transfer_name())
end

-- take_place makes the host a representative of path[level]. Under REPR_SCOPE=rack it needs a
-- lease. It returns whether the host took the place.
local function take_place(host, path, level, rules)
  local place = group_of(path[level]) .. ' ' .. host.address
  if rules.scope == 'rack' then
    local token = find_lease(host, path, level, rules)
    if not token then
      return false
    end
    call('HSET', key('leases'), place, token)
    call('PERSIST', key('leases'))
    check_from(string.sub(path[1], #tag + 2) .. ':R', good_for(token))
  end
  call('SADD', path[level] .. ':R', host.address)
  if level == 1 then
    call('SADD', key('peers:R'), host.address)
  end
  local swarm = read_swarm(path[level])
  swarm.generation, swarm.representatives = swarm.generation + 1, swarm.representatives + 1
  swarm.lines = swarm.lines .. '\n' .. host.state .. ' ' .. contact(host)
  write_swarm(swarm)
  join(host, path, level + 1)
  if lost[place] then
    lost[place] = nil
  else
    tell('promoted')
    if level == 1 then
      begin_probing(host.address, rules.probe_interval)
    end
  end
  return true
end

-- lose_overdue makes representatives lose their places that are due, or whose leases have run out.
-- It returns the group's swarm as it is then.
local function lose_overdue(swarm, scope)
  for addr in string.gmatch(swarm.lines, '\n%a+ (%S+)') do
    if backlog and is_due(addr) then
      expire_host(addr)
      remove_representative(swarm.name, addr) -- if its record was lost
    elseif scope == 'rack' then
      lose_lapsed(swarm.name, addr)
    end
  end
  return read_swarm(swarm.name)
end

-- is_open says whether a host may take a place of a group.
local function is_open(host, swarm, max_repr)
  local _, paused = string.gsub(swarm.lines, '\npaused ', '')
  if host.state ~= 'paused' then
    return swarm.representatives - paused < max_repr
  end
  local able = swarm.leechers + swarm.seeders - swarm.paused
  return swarm.representatives < max_repr and able == swarm.representatives - paused
end

-- lose_paused makes partial seeds lose their places until one is free.
local function lose_paused(swarm, max_repr)
  while swarm.representatives >= max_repr do
    lose_at(swarm.name, string.match(swarm.lines, '\npaused (%S+)'), 'yielded')
    swarm = read_swarm(swarm.name)
  end
end

-- elect walks from the rack outwards as long as the host represents the group, or can take a place
-- of it. It returns how many groups the host represents.
local function elect(host, path, rules)
  for level = 1, #path - 1 do
    local swarm = read_swarm(path[level])
    if backlog or rules.scope == 'rack' then
      swarm = lose_overdue(swarm, rules.scope)
    end
    if not host.pages[level + 1] then
      if not is_open(host, swarm, rules.max_repr) then
        return level - 1
      end
      lose_paused(swarm, rules.max_repr)
      if not take_place(host, path, level, rules) then
        return level - 1
      end
    elseif swarm.representatives > rules.max_repr then -- the bound was lowered
      lose_places(host, path, level, 'bound')
      return level - 1
    end
    if rules.scope == 'rack' and held_for(swarm.name, host.address) <= now then
      tell('renew', group_of(swarm.name), host.address)
    end
  end
  return #path - 1
end

-- stamp writes into a host's record what `again` compares: WORD REPRESENTS UNTIL GENERATION…. WORD
-- stands for the rules of the election, REPRESENTS is how many groups the host represents, and
-- UNTIL when a lease is to be renewed (0: never). The generations are of these groups and of the
-- next one around. As long as they stay, another election would change nothing. A host that waits
-- for a place has no stamp: a partial seed, or a host that could not take a place open to it.
local function stamp(host, path, represents, rules)
  local words, renew = { rules.word, represents, 0 }, math.huge
  local waits = host.state == 'paused'
  for level = 1, math.min(represents + 1, #path - 1) do
    local swarm = read_swarm(path[level])
    if level > represents then
      waits = waits or is_open(host, swarm, rules.max_repr)
    elseif rules.scope == 'rack' then
      renew = math.min(renew, held_for(swarm.name, host.address))
      words[3] = renew
    end
    words[#words + 1] = swarm.generation
  end
  note(host.address, 'stamp', waits and '' or table.concat(words, ' '))
end
