-- A swarm is one string, GENERATION LEECHERS SEEDERS PAUSED REPRESENTATIVES: how many hosts stand in it,
-- and how many represent its group; then these, a line each: seeder, leecher or paused, and the contact.
-- The hosts of a swarm stand on shelves. The generation changes with the representatives, so that who has
-- seen one need not look at them again (see stamp.lua).

-- read_swarm returns { name, text, generation, leechers, seeders, paused, representatives, lines }. text: as
-- it is kept; paused: of the leechers, partial seeds; lines: of the representatives, each begun by a line feed.
local function read_swarm(swarm_name)
  local text = call('GET', swarm_name) or now % 100000 .. ' 0 0 0 0'
  local generation, leechers, seeders, paused, representatives, lines =
    string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+)(.*)$')
  return { name = swarm_name, text = text, generation = tonumber(generation), leechers = tonumber(leechers),
    seeders = tonumber(seeders), paused = tonumber(paused), representatives = tonumber(representatives),
    lines = lines }
end

local function write_swarm(swarm)
  if swarm.leechers + swarm.seeders + swarm.representatives == 0 then
    call('DEL', swarm.name)
  else
    call('SET', swarm.name, string.format('%d %d %d %d %d%s', swarm.generation, swarm.leechers, swarm.seeders,
      swarm.paused, swarm.representatives, swarm.lines))
  end
end

-- lines_without are those of all representatives but one.
local function lines_without(swarm, addr)
  local lines = {}
  for line in string.gmatch(swarm.lines, '\n[^\n]+') do
    if string.match(line, '^\n%a+ (%S+)') ~= addr then
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines), #lines
end

-- strike takes an address out of the representatives of a group, even if its record was lost. It
-- returns whether it was among them.
local function strike(swarm_name, addr)
  if call('SREM', swarm_name .. ':R', addr) == 0 then
    return false
  end
  local swarm = read_swarm(swarm_name)
  swarm.generation = swarm.generation + 1
  swarm.lines, swarm.representatives = lines_without(swarm, addr)
  write_swarm(swarm)
  return true
end
