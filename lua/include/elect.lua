-- Who represents a group. The places of a group are taken by the live hosts of its swarm
-- in the order in which they announce (R1, R6). A partial seed takes one only if nobody else can,
-- and yields it to the first that can.

-- all_held says whether all representatives of a group have leases that run.
local function all_held(swarm)
  for addr in string.gmatch(swarm.lines, '\n%a+ (%S+)') do
    if (held_for(swarm.name, addr) or 0) <= due then
      return false
    end
  end
  return true
end

-- is_open says whether the host may take a place of a group that has one free, or may have.
local function is_open(host, swarm)
  local _, paused = string.gsub(swarm.lines, '\npaused ', '')
  if host.state ~= 'paused' then
    return swarm.representatives - paused < max_repr
  end
  local able = swarm.leechers + swarm.seeders - swarm.paused
  return swarm.representatives < max_repr and able == swarm.representatives - paused
end

-- make_way takes the places of partial seeds until one is free.
local function make_way(swarm)
  while swarm.representatives >= max_repr do
    local addr = string.match(swarm.lines, '\npaused (%S+)')
    local host = load_host(addr)
    local path = host and swarms_of(host.rack) or {}
    local level = level_of(path, swarm.name)
    if level then
      withdraw(host, path, level, 'yielded')
      write_state(host)
    end
    strike(swarm.name, addr) -- if its record was lost
    swarm = read_swarm(swarm.name)
  end
end

-- elect walks from the rack outwards for as long as the host represents the group, and
-- takes a place where one is free. It returns how many groups the host represents.
local function elect(host, path)
  for level = 1, #path - 1 do
    local swarm = read_swarm(path[level])
    if backlog or scope == 'rack' and not all_held(swarm) then
      clear_places(swarm.name)
      swarm = read_swarm(swarm.name)
    end
    if not host.shelves[level + 1] then
      if not is_open(host, swarm) then
        return level - 1
      end
      make_way(swarm)
      if not take_place(host, path, level) then
        return level - 1
      end
    elseif swarm.representatives > max_repr then -- the bound was lowered
      withdraw(host, path, level, 'bound')
      return level - 1
    end
    if scope == 'rack' then
      keep_lease(host, swarm.name)
    end
  end
  return #path - 1
end
