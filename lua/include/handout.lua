-- Whom the host is handed. Beyond its rack it sees the swarm of each group around a group
-- that it represents, and of those swarms only the representatives of other groups.

-- open_swarm looks at a swarm: its parts, each with the rank of its first living member,
-- and how many live in it. A seeder does not see seeders (R4).
local function open_swarm(host, base, backlog)
  local swarm = { total = 0 }
  for _, part in ipairs(host.state == 'seeder' and { ':leechers' } or { ':leechers', ':seeders' }) do
    local first = backlog and call('ZCOUNT', base .. part, '-inf', now) or 0
    local size = call('ZCARD', base .. part) - first
    if size > 0 then
      swarm[#swarm + 1] = { set = base .. part, first = first, size = size }
      swarm.total = swarm.total + size
    end
  end
  return swarm
end

-- window visits n members of a swarm from a place on; after the last comes the first.
local function window(swarm, place, n, visit)
  for _, part in ipairs(swarm) do
    local size = math.min(n, part.size - place)
    if size > 0 then
      local from = part.first + place
      for _, entry in ipairs(call('ZRANGE', part.set, from, from + size - 1)) do
        visit(entry)
      end
      n = n - size
    end
    place = math.max(place - part.size, 0)
  end
  if n > 0 then
    window(swarm, 0, n, visit)
  end
end

-- sample appends n random members of a swarm that are not to be skipped. It reads a
-- few windows of ten, spread evenly from a random place on: that costs a fraction of
-- SRANDMEMBER, and every member is as likely as any other.
local function sample(swarm, n, out)
  local ask = math.min(n + swarm.skipped, swarm.total)
  local windows = swarm.total < 2 * ask and 1 or math.ceil(ask / 10)
  local turn = math.random(0, math.max(swarm.total - 1, 0))
  local function visit(entry)
    if n > 0 and not swarm.skip[entry] then
      out[#out + 1] = entry
      n = n - 1
    end
  end
  for w = 0, windows - 1 do
    local size = math.floor((w + 1) * ask / windows) - math.floor(w * ask / windows)
    window(swarm, (turn + math.floor(w * swarm.total / windows)) % swarm.total, size, visit)
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

-- skip_group marks in a swarm the host itself and the representatives of its own group:
-- they are no outside peers. Those of the rack come first of all.
local function skip_group(swarm, host, group, visit)
  swarm.skip = { [contact(host)] = true }
  swarm.skipped = host.state == 'seeder' and 0 or 1
  for _, addr in ipairs(group) do
    local other = addr ~= host.address and load(addr)
    if other and not (host.state == 'seeder' and other.state == 'seeder') then
      swarm.skip[contact(other)] = true
      swarm.skipped = swarm.skipped + 1
      visit(contact(other))
    end
  end
end

-- hand_out returns contacts: the other representatives of the rack, peers from outside,
-- peers of the rack (R2, R3).
local function hand_out(host, path, represents, representatives, backlog)
  local out, swarms = {}, {}
  if want == 0 then
    return out
  end
  local function first_of_all(entry)
    if #out < want then
      out[#out + 1] = entry
    end
  end
  for level = 1, represents + 1 do
    swarms[level] = open_swarm(host, path[level], backlog)
    skip_group(swarms[level], host, representatives[math.max(level - 1, 1)],
      level == 1 and first_of_all or tostring)
  end
  math.randomseed(tonumber(seed))
  local quota = quotas(swarms, want - #out)
  for level = 2, #swarms do
    sample(swarms[level], quota[level], out)
  end
  sample(swarms[1], quota[1], out)
  return out
end
