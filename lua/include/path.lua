-- swarms_of lists a rack's swarm and those of the groups around it, from the rack
-- outwards; the last is the global one. Each is a prefix of keys; without a suffix it is the
-- swarm's own, see swarm.lua.
local function swarms_of(rack)
  local path, n = {}, 0
  local group = rack
  while group do
    n = n + 1
    path[n] = tag .. ':rack:' .. group
    group = string.match(group, '^(.+)/')
  end
  path[n + 1] = tag .. ':swarm'
  return path
end
