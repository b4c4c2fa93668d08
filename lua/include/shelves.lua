-- The hosts of a swarm stand on shelves, seeders and leechers apart: a shelf is the text that is
-- handed out, a contact after another, each begun by a line feed. All but the last shelf are
-- full, so a random shelf is a fair sample, and what an announce costs does not grow with the
-- swarm. Who leaves is replaced by the first one on the last shelf, on which they stand in the order in
-- which they came.
--
-- {HASH}:shelves has the shelves of racks by a time before which none of their hosts was last
-- seen (perhaps too early, never too late), those of the swarms around at +inf.

-- contact is a host as it is handed out: its one or two addresses.
local function contact(host)
  if host.also == '' then
    return host.address
  end
  return host.address .. ' ' .. host.also
end

-- kind is on which shelves a live host stands.
local function kind(host)
  return host.state == 'seeder' and 'seeders' or 'leechers'
end

-- may_be_due sees to it that a shelf, or what else is named so, is looked at when this time is due.
local function may_be_due(shelf, seen)
  call('ZADD', shelves, 'LT', seen, string.sub(shelf, #tag + 2))
  summary.oldest = math.min(summary.oldest, seen)
end

-- without takes an entry off the text of a shelf. It returns nil if it is not there.
local function without(text, entry)
  local from, to = string.find(text .. '\n', '\n' .. entry .. '\n', 1, true)
  return from and string.sub(text, 1, from - 1) .. string.sub(text, to)
end

local function write_shelf(shelf, text)
  if text == '' then
    call('DEL', shelf)
    call('ZREM', shelves, string.sub(shelf, #tag + 2))
  else
    call('SET', shelf, text)
  end
end

-- level_of is which of a path a swarm is, or nil. One and the same group may be the rack of some hosts,
-- and around the racks of others.
local function level_of(path, swarm_name)
  for level, swarm in ipairs(path) do
    if swarm == swarm_name then
      return level
    end
  end
end

-- moved notes that a host stands on another shelf of a swarm now.
local function moved(entry, swarm_name, shelf, n)
  local addr = string.match(entry, '^%S+')
  local host = load_host(addr)
  if not host then -- its record was lost
    return
  end
  local level = level_of(swarms_of(host.rack), swarm_name)
  if level then
    host.shelves[level] = n
    write_state(host)
  end
  if level == 1 then
    may_be_due(shelf, tonumber(call('HGET', record_key(addr), 'last_seen')) or 0)
  end
end

-- find_shelf is for a host whose record was lost: on which shelf it stands. Beyond the first
-- hundred it is not looked for.
local function find_shelf(swarm, part, line)
  for n = 1, math.min(math.ceil(swarm[part] / SHELF), 100) do
    if without(call('GET', shelf_key(swarm.name, part, n)) or '', line) then
      return n
    end
  end
end

-- take takes a host off its shelf in path[level].
local function take(host, path, level)
  local swarm, part, line = read_swarm(path[level]), kind(host), contact(host)
  local n = host.shelves[level] or find_shelf(swarm, part, line)
  host.shelves[level] = nil
  local shelf = n and shelf_key(path[level], part, n)
  local text = shelf and without(call('GET', shelf) or '', line)
  if not text then
    return
  end
  local last = math.ceil(swarm[part] / SHELF)
  local last_key = shelf_key(path[level], part, last)
  swarm[part] = swarm[part] - 1
  swarm.paused = swarm.paused - (host.state == 'paused' and 1 or 0)
  write_swarm(swarm)
  local entry, rest = string.match(n < last and call('GET', last_key) or '', '^\n([^\n]+)(.*)$')
  if not entry then
    write_shelf(shelf, text)
    return
  end
  write_shelf(shelf, text .. '\n' .. entry)
  write_shelf(last_key, rest)
  moved(entry, path[level], shelf, n)
end
