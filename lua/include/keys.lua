-- Names of keys that are not known before the call: those of other hosts and of
-- their groups. All carry the transfer's tag. redisstore/keys.go has the same names.
local tag = string.sub(KEYS[1], 1, 42) -- {HASH}

local function record_key(addr)
  return tag .. ':peer:' .. addr
end

-- swarms_of lists a rack's swarm and those of the groups around it, from the rack
-- outwards; the last is the global one.
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
