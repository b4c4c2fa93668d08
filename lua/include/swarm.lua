-- A swarm is one string: how many leechers, seeders and representatives there are, and then
-- the representatives of the group, a line each: leechers or seeders, and the contact. Its
-- hosts stand on shelves.

-- read_swarm returns { name, text, leechers, seeders, representatives, lines }. text: as it is
-- kept; lines: of the representatives, each begun by a line feed.
local function read_swarm(swarm_name)
  local text = call('GET', swarm_name) or '0 0 0'
  local leechers, seeders, representatives, lines = string.match(text, '^(%d+) (%d+) (%d+)(.*)$')
  return { name = swarm_name, text = text, leechers = tonumber(leechers), seeders = tonumber(seeders),
    representatives = tonumber(representatives), lines = lines }
end

local function write_swarm(swarm)
  if swarm.leechers + swarm.seeders + swarm.representatives == 0 then
    call('DEL', swarm.name)
  else
    call('SET', swarm.name,
      string.format('%d %d %d%s', swarm.leechers, swarm.seeders, swarm.representatives, swarm.lines))
  end
end

-- strike takes an address out of the representatives of a group, even if its record was lost. It
-- returns whether it was among them.
local function strike(swarm_name, addr)
  if call('SREM', swarm_name .. ':R', addr) == 0 then
    return false
  end
  local swarm, lines = read_swarm(swarm_name), {}
  for line in string.gmatch(swarm.lines, '\n[^\n]+') do
    if string.match(line, '^\n%a+ (%S+)') ~= addr then
      lines[#lines + 1] = line
    end
  end
  swarm.representatives, swarm.lines = #lines, table.concat(lines)
  write_swarm(swarm)
  return true
end
