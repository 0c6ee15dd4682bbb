"""Which joint of somebody's skeleton is which of ours, by the names that people give.

Known: Mixamo, VRM and Unity humanoids, VRoid, Unreal, SMPL and SMPL-X, Bandai, BEAT, ZeroEGGS, LaFAN, CMU, Biped,
Poser's names (Collar, Shoulder, Elbow...), Xsens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .skeleton import INDEX

# Names without side, small letters only. Some name the bones that begin at a joint ("arm", "forearm"), others the
# joints ("shoulder", "elbow"); whoever has elbows or knees names joints.
BY_BONE = {
    "collar": ("clavicle", "collar", "shoulder"),
    "shoulder": ("upperarm", "uparm", "arm"),
    "elbow": ("lowerarm", "forearm", "lowarm"),
    "wrist": ("hand", "wrist"),
    "hip": ("upperleg", "upleg", "thigh"),
    "knee": ("lowerleg", "lowleg", "calf", "shin", "leg"),
    "ankle": ("foot", "ankle"),
    "foot": ("toebase", "toes", "toe", "ball", "forefoot", "toe0"),
}
BY_JOINT = {
    "collar": ("collar", "clavicle", "thorax"),
    "shoulder": ("shoulder", "upperarm"),
    "elbow": ("elbow",),
    "wrist": ("wrist", "hand"),
    "hip": ("hip", "thigh"),
    "knee": ("knee",),
    "ankle": ("ankle",),
    "foot": ("foot", "toe", "toebase", "toes", "ball"),
}
MIDDLE = {
    "pelvis": ("hips", "pelvis", "hip", "mhip", "cogpelvis", "body"),
    "neck": ("neck", "neck01", "neck1", "necktwist01", "neck0"),
    "head": ("head",),
}
SPINE = ("spine", "chest", "torso", "lowerback", "waist", "abdomen", "back", "l5", "l3", "t12", "t8")
NEEDED = (
    "pelvis", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_hip", "right_hip",
    "left_knee", "right_knee",
)  # fmt: skip
PREFIXES = re.compile(
    r"^(mixamorig\d*|character\d*|j_bip|ccbase|cc_base|bip0*\d*|valvebiped|def|org|m_avg|f_avg|skeleton)[:_ .\-]+"
)
SIDES = (
    (re.compile(r"^(left|l)[_ .\-]+|[_ .\-]+(left|l)$|^left"), "left"),
    (re.compile(r"^(right|r)[_ .\-]+|[_ .\-]+(right|r)$|^right"), "right"),
)
# "LHipJoint", "lThigh", "RCollar", as CMU, Poser and Biovision have it.
SHORT_SIDE = re.compile(r"^([lLrR])(?=[A-Z])")


def plain(name: str) -> tuple[str, str]:
    """Gives side ("left", "right", "") and what is left of a name: "mixamorig:LeftForeArm" -> "left", "forearm"."""
    name = name.rsplit("|", 1)[-1].strip()
    if ":" in name:
        name = name.rsplit(":", 1)[-1]
    short = SHORT_SIDE.match(name)
    text = PREFIXES.sub("", name.lower())
    for pattern, side in SIDES:
        found = pattern.search(text)
        if found:
            rest = text[: found.start()] + text[found.end() :]
            return side, letters(rest)
    if short and len(name) > 2:
        return ("left" if short[0] in "lL" else "right"), letters(name[1:].lower())
    return "", letters(re.sub(r"^c[_ .\-]+", "", text))


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)


def mapped(
    names: Sequence[str], parents: Sequence[int], given: Mapping[str, str] | None = None
) -> tuple[dict[str, int], list[int]]:
    """Finds our joints in a skeleton.

    Args:
        names, parents: as of `clips.Skeleton`.
        given: our joint -> their joint, where somebody knows better.

    Returns:
        our joint -> index of theirs, without the spine; and the spine's joints between pelvis and neck, upwards

    Raises:
        ValueError: joints without which there is no body, or a name given that is none.
    """
    found = chosen(names, given or {})
    plains = [plain(name) for name in names]
    by_joint = any(word in ("elbow", "knee") for _, word in plains)
    for ours, words in MIDDLE.items():
        place(found, ours, "", words, plains)
    for side in ("left", "right"):
        for part, words in (BY_JOINT if by_joint else BY_BONE).items():
            place(found, f"{side}_{part}", side, words, plains)
    missing = [name for name in NEEDED if name not in found]
    if missing:
        some = ", ".join(names[:6])
        raise ValueError(
            f"expected a body with joints for {', '.join(missing)}, got {len(names)} joints as {some}"
        )
    spine = between_pelvis_and_arms(found, names, parents, given or {})
    return {ours: at for ours, at in found.items() if not ours.startswith("spine")}, spine


def chosen(names: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    """Checks and gives what somebody mapped."""
    for ours, theirs in given.items():
        if ours not in INDEX:
            raise ValueError(f"expected a joint of ours such as left_elbow, got {ours!r}")
        if theirs not in names:
            raise ValueError(f"expected a joint of the skeleton for {ours}, got {theirs!r}")
    return {ours: list(names).index(theirs) for ours, theirs in given.items()}


def place(
    found: dict[str, int], ours: str, side: str, words: tuple[str, ...], plains: Sequence[tuple[str, str]]
) -> None:
    """Adds the joint whose name comes first among the words, unless it is known or another's. In place."""
    if ours in found:
        return
    taken = set(found.values())
    for word in words:
        for at, (its_side, its_word) in enumerate(plains):
            if at not in taken and its_side == side and its_word == word:
                found[ours] = at
                return


def between_pelvis_and_arms(
    found: Mapping[str, int], names: Sequence[str], parents: Sequence[int], given: Mapping[str, str]
) -> list[int]:
    """Gives the joints that both the neck or head and an arm hang on, from the pelvis upwards."""
    top = found.get("neck", found.get("head", -1))
    arm = found.get("left_collar", found["left_shoulder"])
    chains = [upwards(joint, parents) for joint in (top, arm) if joint >= 0]
    spine = [joint for joint in chains[0] if all(joint in chain for chain in chains)]
    taken = set(found.values())
    if found["pelvis"] in spine:
        spine = spine[: spine.index(found["pelvis"])]
    else:
        # The pelvis may hang beside the spine, as at a root with two children.
        spine = [joint for joint in spine if plain(names[joint])[1].startswith(SPINE)]
    known = [found[ours] for ours in ("spine1", "spine2", "spine3") if ours in given]
    return known or [joint for joint in reversed(spine) if joint not in taken]


def upwards(joint: int, parents: Sequence[int]) -> list[int]:
    """Gives the joints above one, nearest first."""
    above = []
    while parents[joint] >= 0:
        joint = parents[joint]
        above.append(joint)
    return above
