-- Whom a host may be handed, of one swarm.

-- draw appends some shelves of a swarm to the reply: of n hosts or more, if there are that many.
-- Which shelves is decided by a random number; they stand side by side, so every host is as
-- likely as any other. Two of them at least, so that a few seeders are seen beside many leechers;
-- all, if there are no more.
-- A seeder does not see seeders (R4): then their number is given as 0.
--
-- newest: of more than two shelves one at random, and those who came last, on the last two of leechers. Peers
-- connect both ways: who came early is handed to all who come later, and who comes last has those only
-- whom it is handed itself. It is let fetch sooner by others who have few peers, too (docs/simulator.md).
--
-- Shelves are not joined to one text: Lua takes 1.3 ns to hash each byte of a string it makes.
local function draw(swarm, leechers, seeders, n, reply, newest)
  local of_leechers = math.ceil(leechers / SHELF)
  local count = of_leechers + math.ceil(seeders / SHELF)
  local keys, place = {}, count > 2 and seed % count or 0
  local first, least = place, newest and count > 2 and 1 or 2
  while #keys < count and (n > 0 or #keys < least) do
    local behind = place - of_leechers
    if behind < 0 then
      keys[#keys + 1] = shelf_key(swarm, 'leechers', place + 1)
      n = n - math.min(SHELF, leechers - place * SHELF)
    else
      keys[#keys + 1] = shelf_key(swarm, 'seeders', behind + 1)
      n = n - math.min(SHELF, seeders - behind * SHELF)
    end
    place = (place + 1) % count
  end
  local chosen = #keys
  for last = math.max(of_leechers - 1, 1), newest and of_leechers or 0 do
    if (last - 1 - first) % count >= chosen then
      keys[#keys + 1] = shelf_key(swarm, 'leechers', last)
    end
  end
  for _, text in ipairs(count > 0 and call('MGET', unpack(keys)) or {}) do
    reply[#reply + 1] = text or nil -- a shelf that Redis lost costs its own hosts only
  end
end
