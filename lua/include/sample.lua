-- Peers for whom no list is ready: of representatives, and in large racks. Beyond its rack
-- a host sees the swarm of each group around a group that it represents, and of those
-- swarms only the representatives of other groups.

-- sample appends n random members of a swarm that are not to be skipped. It reads a
-- few windows of up to 15, spread evenly from a random place on: that costs a fraction of
-- SRANDMEMBER, and every member is as likely as any other.
local function sample(swarm, n, out)
  local ask = math.min(n + swarm.skipped, swarm.total)
  if n <= 0 then
    return
  end
  local windows = swarm.total < 2 * ask and 1 or math.ceil(ask / 15)
  local turn = math.random(0, swarm.total - 1)
  local drawn = {}
  for w = 0, windows - 1 do
    local size = math.floor((w + 1) * ask / windows) - math.floor(w * ask / windows)
    window(swarm, (turn + math.floor(w * swarm.total / windows)) % swarm.total, size, drawn)
  end
  local full = #out + n
  for _, entry in ipairs(drawn) do
    if not swarm.skip[entry] and #out < full then
      out[#out + 1] = entry
    end
  end
end

-- quotas says how many come from each swarm. Each leaves a third of what it is offered to
-- those farther out, if there are that many, and passes on what it cannot fill.
local function quotas(swarms, budget)
  local far = { [#swarms + 1] = 0 }
  for level = #swarms, 1, -1 do
    far[level] = far[level + 1] + swarms[level].total - swarms[level].skipped
  end
  local quota = {}
  for level, swarm in ipairs(swarms) do
    local offered = level == 1 and want or budget
    local reserve = math.min(math.ceil(offered / 3), far[level + 1], budget)
    quota[level] = math.min(swarm.total - swarm.skipped, budget - reserve)
    budget = budget - quota[level]
  end
  return quota
end

-- open_swarms looks at each swarm the host sees. Skipped are the host itself and the
-- representatives of its own group, who are no outside peers; those of the rack come first
-- of all.
local function open_swarms(host, path, represents, representatives)
  local swarms, own_group = {}, fellows(host, representatives[1])
  local first_of_all = own_group
  for level = 1, represents + 1 do
    local swarm = open_swarm(host, path[level])
    if level > 2 then
      own_group = fellows(host, representatives[level - 1])
    end
    swarm.skip = { [contact(host)] = true }
    swarm.skipped = #own_group + (host.state == 'seeder' and 0 or 1)
    for _, entry in ipairs(own_group) do
      swarm.skip[entry] = true
    end
    swarms[level] = swarm
  end
  return swarms, first_of_all
end

-- sampled returns contacts: the other representatives of the rack, peers from outside,
-- peers of the rack (R2, R3).
local function sampled(host, path, represents, representatives)
  local swarms, first_of_all = open_swarms(host, path, represents, representatives)
  local out = { unpack(first_of_all, 1, math.min(#first_of_all, want)) }
  math.randomseed(tonumber(seed))
  local quota = quotas(swarms, want - #out)
  for level = 2, #swarms do
    sample(swarms[level], quota[level], out)
  end
  sample(swarms[1], quota[1], out)
  return out
end
