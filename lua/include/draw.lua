-- Whom a host may be handed, of one swarm.

-- draw appends some shelves of a swarm to the reply: of n hosts or more, if there are that many.
-- Which shelves is decided by the seed. They stand side by side, so every host is as likely as any other.
-- Two of them at least, so that a few seeders are seen beside many leechers;
-- all, if there are no more.
-- A seeder does not see seeders (R4): then their number is given as 0.
--
-- newest: the last shelf of leechers, on which those stand who came last, is none of these, but ends
-- the reply. See drawNewest in redisstore/handout.go.
--
-- Shelves are not joined to one text: Lua takes 1.3 ns to hash each byte of a string it makes.
local function draw(swarm, leechers, seeders, n, reply, newest)
  local of_leechers = math.ceil(leechers / SHELF)
  local drawn = newest and math.max(of_leechers - 1, 0) or of_leechers
  local count = drawn + math.ceil(seeders / SHELF)
  local keys, place = {}, count > 0 and seed % count
  while #keys < count and (n > 0 or #keys < 2) do
    if place < drawn then
      keys[#keys + 1] = shelf_key(swarm, 'leechers', place + 1)
      n = n - math.min(SHELF, leechers - place * SHELF)
    else
      local behind = place - drawn
      keys[#keys + 1] = shelf_key(swarm, 'seeders', behind + 1)
      n = n - math.min(SHELF, seeders - behind * SHELF)
    end
    place = (place + 1) % count
  end
  if drawn < of_leechers then
    keys[#keys + 1] = shelf_key(swarm, 'leechers', of_leechers)
  end
  for _, text in ipairs(#keys > 0 and call('MGET', unpack(keys)) or {}) do
    reply[#reply + 1] = text or nil -- a shelf that Redis lost costs its own hosts only
  end
end
