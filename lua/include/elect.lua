-- Who represents a group. The places of a group are taken by the live hosts of its swarm
-- in the order in which they announce (R1, R6).

-- all_held says whether all representatives of a group have leases that run.
local function all_held(swarm)
  for addr in string.gmatch(swarm.lines, '\n%a+ (%S+)') do
    if (held_for(swarm.name, addr) or 0) <= due then
      return false
    end
  end
  return true
end

-- elect walks from the rack outwards for as long as the host represents the group, and
-- takes a place where one is free, and the lead where there is none. It returns how many groups the
-- host represents.
local function elect(host, path)
  for level = 1, #path - 1 do
    local swarm = read_swarm(path[level])
    if backlog or scope == 'rack' and not all_held(swarm) then
      clear_places(swarm.name)
      swarm = read_swarm(swarm.name)
    end
    if not host.shelves[level + 1] then
      if swarm.representatives >= max_repr or not take_place(host, path, level) then
        return level - 1
      end
    elseif swarm.representatives > max_repr then -- the bound was lowered
      withdraw(host, path, level, 'bound')
      return level - 1
    end
    if scope == 'rack' then
      keep_lease(host, swarm.name)
    end
    if should_lead(host, read_swarm(path[level]), level) then
      lead(host, path, level)
    end
  end
  return #path - 1
end
