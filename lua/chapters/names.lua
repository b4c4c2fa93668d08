-- Names of keys. All keys of a transfer carry its tag {HASH}, as the first key of each script does.
-- tracker/redisstore/keys has the same names.
local tag = string.sub(KEYS[1], 1, 42) -- {HASH}

local function key(name)
  return tag .. ':' .. name
end

local function record_key(addr)
  return tag .. ':peer:' .. addr
end

-- swarms_of lists the swarm of a rack and those of the groups around it, from the rack outwards;
-- the last is the global one. Each is the name of a key, and a prefix of others.
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

-- level_of returns at which level of a path a swarm is, or nil. A group may be the rack of some
-- hosts, and lie around the racks of others.
local function level_of(path, swarm_name)
  for level, name in ipairs(path) do
    if name == swarm_name then
      return level
    end
  end
end

local function group_of(swarm_name)
  return string.sub(swarm_name, #tag + 7) -- behind {HASH}:rack:
end

local function ip_of(addr)
  return string.match(addr, '^(.*):')
end

-- transfer_name is empty if nobody registered the transfer.
local function transfer_name()
  return call('GET', tag .. ':name') or ''
end
