-- A stamp is what `announce` leaves in a host's record for `again`: RULES REPRESENTS UNTIL GENERATION…, under
-- which rules it stands as it does, how many groups it represents, from which time on a lease is to be
-- renewed (0: never), and the generations of these groups, and of the next one around. As long as all that holds
-- `announce` would decide the same. A host that has something to wait for has none: a partial seed,
-- or one to which a place is open that it could not take.
local function write_stamp(host, path, represents)
  local stamp, earliest = { rules, represents, 0 }, math.huge
  for level = 1, math.min(represents + 1, #path - 1) do
    local swarm = read_swarm(path[level])
    if level > represents and is_open(host, swarm) then
      return note(host.address, 'stamp', '')
    elseif level <= represents and scope == 'rack' then
      earliest = math.min(earliest, held_for(swarm.name, host.address) or 0)
      stamp[3] = earliest
    end
    stamp[#stamp + 1] = swarm.generation
  end
  note(host.address, 'stamp', host.state ~= 'paused' and table.concat(stamp, ' ') or '')
end
