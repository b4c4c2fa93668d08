-- A swarm is one string: how many leechers, seeders and representatives there are, whether one of
-- these leads (1 or 0), and then the representatives of the group, a line each: leechers or
-- seeders, and the contact. The one that leads is the first, see lead.lua. The hosts of a swarm
-- stand on shelves.

-- read_swarm returns { name, text, leechers, seeders, representatives, leads, lines }. text: as
-- it is kept; lines: of the representatives, each begun by a line feed.
local function read_swarm(swarm_name)
  local text = call('GET', swarm_name) or '0 0 0 0'
  local leechers, seeders, representatives, leads, lines = string.match(text, '^(%d+) (%d+) (%d+) (%d)(.*)$')
  return { name = swarm_name, text = text, leechers = tonumber(leechers), seeders = tonumber(seeders),
    representatives = tonumber(representatives), leads = leads == '1', lines = lines }
end

local function write_swarm(swarm)
  if swarm.leechers + swarm.seeders + swarm.representatives == 0 then
    call('DEL', swarm.name)
  else
    call('SET', swarm.name, string.format('%d %d %d %d%s', swarm.leechers, swarm.seeders, swarm.representatives,
      swarm.leads and 1 or 0, swarm.lines))
  end
end

-- first_of is the address of the first representative of a group.
local function first_of(swarm)
  return string.match(swarm.lines, '^\n%a+ (%S+)')
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
  swarm.leads = swarm.leads and first_of(swarm) ~= addr
  swarm.lines, swarm.representatives = lines_without(swarm, addr)
  write_swarm(swarm)
  return true
end
