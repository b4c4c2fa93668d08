-- The swarm of a rack is its live hosts. The swarm of a group around racks, and the global one, is
-- the representatives of the groups right below it.
--
-- A swarm is one string, GENERATION LEECHERS SEEDERS PAUSED REPRESENTATIVES: how many hosts are in
-- it, the partial seeds among the leechers, and how many represent its group. A line for each
-- representative follows: state and contact. The generation rises when the representatives change
-- (see stamp in election.lua). The hosts are on pages.
--
-- {HASH}:pages has each page of a rack by a time before which none of its hosts was last seen
-- (perhaps too early, never too late), and the pages of swarms around at +inf.

-- The summary is what every announce must know of its transfer, one string: OLDEST COMPLETE
-- INCOMPLETE DOWNLOADED. oldest is a time before which nobody was last seen, and that plus ttl one
-- before which no lease runs out (perhaps too early, never too late). Once nobody is live, it is no
-- later than the last announce. The others count the sets (R9), and how many completed.
local function read_summary()
  local oldest, complete, incomplete, completed =
    string.match(call('GET', key('summary')) or '0 0 0 0', '^(%d+) (%d+) (%d+) (%d+)$')
  return { oldest = tonumber(oldest), complete = complete, incomplete = incomplete, downloaded = completed }
end

local summary = read_summary()

local function write_summary()
  call('SET', key('summary'), string.format('%d %d %d %d', summary.oldest, summary.complete, summary.incomplete,
    summary.downloaded))
end

-- check_from makes sure that a page, or the leases of a rack, are checked once this time is due.
local function check_from(name, seen)
  call('ZADD', key('pages'), 'LT', seen, name)
  summary.oldest = math.min(summary.oldest, seen)
end

-- read_swarm returns { name, text, generation, leechers, seeders, paused, representatives, lines }.
-- text: as it is kept; lines: of the representatives, each begun by a line feed.
local function read_swarm(name)
  local text = call('GET', name) or now % 100000 .. ' 0 0 0 0'
  local generation, leechers, seeders, paused, representatives, lines =
    string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+)(.*)$')
  return { name = name, text = text, generation = tonumber(generation), leechers = tonumber(leechers),
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

-- kind says on which pages a live host is.
local function kind(host)
  return host.state == 'seeder' and 'seeders' or 'leechers'
end

-- count adds a host to the numbers of a swarm, or with -1 removes it. It returns how many of its
-- kind there are.
local function count(swarm, host, by)
  swarm[kind(host)] = swarm[kind(host)] + by
  swarm.paused = swarm.paused + (host.state == 'paused' and by or 0)
  write_swarm(swarm)
  return swarm[kind(host)]
end

-- join puts a host on the last page of path[level].
local function join(host, path, level)
  local n = math.ceil(count(read_swarm(path[level]), host, 1) / PAGE)
  local page = page_key(path[level], kind(host), n)
  -- Not APPEND, which leaves room for more: 9 bytes a host.
  call('SET', page, (call('GET', page) or '') .. '\n' .. contact(host))
  host.pages[level] = n
  if level == 1 then
    check_from(string.sub(page, #tag + 2), host.seen)
  else
    call('ZADD', key('pages'), 'NX', '+inf', string.sub(page, #tag + 2))
  end
end

-- without returns the text of a page without an entry, or nil if the entry is not there.
local function without(text, entry)
  local from, to = string.find(text .. '\n', '\n' .. entry .. '\n', 1, true)
  return from and string.sub(text, 1, from - 1) .. string.sub(text, to)
end

local function write_page(page, text)
  if text == '' then
    call('DEL', page)
    call('ZREM', key('pages'), string.sub(page, #tag + 2))
  else
    call('SET', page, text)
  end
end

-- note_move notes that the host of an entry is on another page of a swarm now.
local function note_move(entry, swarm_name, page, n)
  local addr = string.match(entry, '^%S+')
  local host = load_host(addr)
  if not host then -- its record was lost
    return
  end
  local level = level_of(swarms_of(host.rack), swarm_name)
  if level then
    host.pages[level] = n
    write_state(host)
  end
  if level == 1 then
    check_from(string.sub(page, #tag + 2), last_seen(addr))
  end
end

-- find_page searches the first hundred pages for a host whose record was lost.
local function find_page(swarm, host)
  for n = 1, math.min(math.ceil(swarm[kind(host)] / PAGE), 100) do
    if without(call('GET', page_key(swarm.name, kind(host), n)) or '', contact(host)) then
      return n
    end
  end
end

-- leave takes a host off its page of path[level]. The first host on the last page fills the gap.
local function leave(host, path, level)
  local swarm = read_swarm(path[level])
  local n = host.pages[level] or find_page(swarm, host)
  host.pages[level] = nil
  local page = n and page_key(swarm.name, kind(host), n)
  local text = page and without(call('GET', page) or '', contact(host))
  if not text then
    return
  end
  local last = math.ceil(swarm[kind(host)] / PAGE)
  local last_page = page_key(swarm.name, kind(host), last)
  count(swarm, host, -1)
  local entry, rest = string.match(n < last and call('GET', last_page) or '', '^\n([^\n]+)(.*)$')
  if not entry then
    write_page(page, text)
    return
  end
  write_page(page, text .. '\n' .. entry)
  write_page(last_page, rest)
  note_move(entry, swarm.name, page, n)
end
