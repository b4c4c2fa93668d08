-- rare holds what a plain re-announce does not need. In Lua each function costs 0.1 µs to
-- define, in every call of the script; so these are defined only where one is used.
local rarely
local function rare()
  if rarely then
    return rarely
  end
-- include: clock
-- include: progress
-- include: lose
-- include: swarms
-- include: leases
-- include: expire
-- include: find
-- include: record
-- include: settle
-- include: probing
-- include: places
  rarely = { activate = activate, expire = expire, settle = settle, withdraw = withdraw,
    take_place = take_place, standing_representatives = standing_representatives,
    keep_lease = keep_lease, claim_probe = claim_probe,
    all_told = all_told }
  return rarely
end
