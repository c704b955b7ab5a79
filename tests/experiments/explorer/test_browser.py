"""The page in a real browser, from disk, with the network off; run by make test-browser."""

import itertools
import pathlib
import time

import pytest
from browsing import shown, trained

from experiments.explorer import receipt

pytestmark = pytest.mark.browser
WIDTHS = (360, 800, 1600)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_first_slider_moves_every_delta_with_mouse_keyboard_and_touch(visit, width):
    tab = visit("#step=9", width=width, has_touch=True)
    slider = tab.locator("input[type=range]").first
    deltas = [[shown(tab, f"d.0.{j}") for j in range(4)]]
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.7 * box["width"], middle, steps=5)
    tab.mouse.up()
    deltas.append([shown(tab, f"d.0.{j}") for j in range(4)])
    for _ in range(12):
        tab.keyboard.press("ArrowLeft")
    deltas.append([shown(tab, f"d.0.{j}") for j in range(4)])
    # The formula above has become shorter, but the slider has stayed where it was.
    tab.touchscreen.tap(box["x"] + 0.3 * box["width"], middle)
    assert float(slider.input_value()) < 0
    deltas.append([shown(tab, f"d.0.{j}") for j in range(4)])
    for before, after in itertools.pairwise(deltas):
        assert all(a != b for a, b in zip(before, after, strict=True))


def test_steps_go_forward_and_back_to_the_same_page(visit):
    tab = visit()
    assert "Update 1, step 1 of 11" in tab.inner_text("#phase")
    texts = []
    for _ in range(13):
        texts.append(tab.inner_text("#one-step"))
        tab.click("#forward")
    assert len(set(texts)) == 13
    assert "Update 2, step 1 of 11" in texts[11]
    for text in reversed(texts):
        tab.click("#back")
        assert tab.inner_text("#one-step") == text
    assert tab.locator("#back").is_disabled()


def test_the_printed_number_is_struck_through_beside_the_true_one(visit):
    tab = visit("#step=9")
    assert tab.locator("#formula del").text_content() == "0.02473567"
    assert tab.locator("#formula output").text_content() == "0.009885435"
    assert "sibling hidden nodes" in tab.inner_text("#formula")
    tab.get_by_label("Weight h₁ → o", exact=True).fill("0.9")
    assert tab.locator("#formula del").count() == 0
    tab.get_by_role("button", name="The handout's case").click()
    assert tab.locator("#formula del").text_content() == "0.02473567"


def test_a_node_s_numbers_fit_each_other_at_every_step(visit):
    tab = visit("#bias=yes&b=0,0.7,0,0;0.25&assumed=no")
    before = [shown(tab, "b.0.1"), shown(tab, "b.1.0")]
    assert before == ["0.7", "0.25"]
    for _ in range(9):
        tab.click("#forward")
        assert [shown(tab, "b.0.1"), shown(tab, "b.1.0")] == before
    tab.click("#forward")
    assert "Update 1, step 11" in tab.inner_text("#phase")
    assert shown(tab, "b.0.1") == "0.7001"
    label = tab.locator('#network .pick[data-id="b.0.1"]').get_attribute("aria-label")
    assert label.startswith("Bias 0.700")
    assert "Change of the bias of h₂: 6.26" in label


def test_a_number_is_picked_by_pointing_tapping_and_arrow_keys(visit):
    tab = visit("#step=9", has_touch=True)
    tab.hover('#network .pick[data-id="a.0.1"]')
    assert "Activation of h₂" in tab.inner_text("#formula")
    tab.tap('#network .pick[data-id="e.0"]')
    assert "Error of the output" in tab.inner_text("#formula")
    tab.locator("#network .pick.picked").focus()
    tab.keyboard.press("ArrowDown")
    assert "δ of o" in tab.inner_text("#formula")
    assert tab.evaluate("document.activeElement.dataset.id") == "d.1.0"
    at = {"bubbles": True, "clientX": 1, "pointerType": "mouse"}
    tab.locator('#network .hit[data-id="w.0.2.3"]').dispatch_event("pointermove", at)
    assert "x₃ → h₄" in tab.inner_text("#formula")


def test_a_wrong_answer_is_told_its_slip(visit):
    tab = visit()
    for field, text, said in [
        ("#answer-4-0", "0.0867", "Right"),
        ("#answer-4-0", "0.0433", "factor 2"),
        ("#answer-7-0", "0.0002473567", "handout's printed rule"),
        ("#answer-1-0", "2.6", "activation function was left out"),
        ("#answer-1-0", "two", "must be a number"),
        ("#answer-1-0", "0,93", "decimal point, not a comma: 0.93"),
        ("#answer-1-0", "0", "none of the usual slips"),
    ]:
        tab.fill(field, text)
        tab.press(field, "Enter")
        assert said in tab.inner_text(f"{field}-verdict")
    tab.get_by_text("Solution of exercise 4").click()
    tab.get_by_text("delta_o <- 2 * (1 - o) * o * (1 - o)").wait_for()


def test_a_damaged_link_is_named_and_the_last_good_state_stays(visit, expect):
    tab = visit("#x=1,3&step=9")
    note = tab.locator("#damaged")
    expect(note).to_contain_text("x must be 3 numbers, got 2")
    tab.evaluate("location.hash = '#x=2,3,5&step=9'")
    expect(note).to_be_hidden()
    other = shown(tab, "d.0.0")
    tab.evaluate("location.hash = '#rate=NaN'")
    expect(note).to_be_visible()
    assert shown(tab, "d.0.0") == other


def test_a_change_that_is_not_yet_written_does_not_replace_a_new_link(visit, expect):
    tab = visit("#step=9")
    tab.evaluate("""() => {
        document.querySelector("#to-end").click();
        for (const end = performance.now() + 200; performance.now() < end; );
        location.hash = "#rate=NaN";
    }""")
    expect(tab.locator("#damaged")).to_be_visible()


def test_a_link_shows_the_same_in_a_second_page(visit):
    first = visit("#step=9")
    first.click("#forward")
    first.get_by_label("Weight h₂ → o", exact=True).fill("-1.25")
    first.fill("#answer-6-2", "0.5")
    first.press("#answer-6-2", "Enter")
    first.get_by_text("Solution of exercise 2").click()
    first.get_by_label("depth", exact=True).fill("20")
    first.get_by_label("seed", exact=True).fill("4")
    trained(first)
    first.wait_for_function("/[#&]xseed=4(&|$)/.test(location.hash)")
    second = visit(first.evaluate("location.hash"))
    trained(second)
    assert second.inner_text("main") == first.inner_text("main")
    assert "ends at loss ½" in second.inner_text("#seed-end")


def test_seeds_train_and_one_opens_in_scene_one(visit):
    tab = visit()
    trained(tab)
    assert tab.inner_text("#seeds-summary").startswith("Of 200 networks, 152 end at loss 0, 44 at ½, 4 at ⅔")
    box = tab.locator("#seed-grid").bounding_box()
    tab.locator("#seed-grid").click(position={"x": 4.5 * box["width"] / 20, "y": box["height"] / 20})
    assert tab.inner_text("#seed-end").startswith("Seed 4 ends at loss ½")
    tab.click("#open-seed")
    assert "seed 4 after 5000 updates" in tab.inner_text("#origin")
    rows = tab.locator("#xor-rows button")
    assert rows.locator("visible=true").count() == 4
    assert "label" in tab.inner_text('#xor-rows [aria-pressed="true"]')
    error = shown(tab, "e.0")
    rows.nth(1).click()
    assert abs(float(shown(tab, "e.0").replace("−", "-"))) < abs(float(error.replace("−", "-")))
    tab.locator("#seed-grid").dblclick(position={"x": 5.5 * box["width"] / 20, "y": box["height"] / 20})
    assert "seed 5 after 5000 updates" in tab.inner_text("#origin")
    tab.get_by_text("This network in Python").first.click()
    tab.locator("#as-python", has_text="nnjax.key(5)").wait_for()


def test_seeds_train_without_a_worker_too(visit):
    tab = visit(before="delete window.Worker")
    trained(tab)
    assert tab.inner_text("#seeds-summary").startswith("Of 200 networks, 152 end at loss 0, 44 at ½, 4 at ⅔")


def test_the_receipt_of_what_is_shown_is_confirmed(visit, tmp_path):
    tab = visit("#step=3-9&assumed=no")
    tab.get_by_text("This step as a file").click()
    with tab.expect_download() as saved:
        tab.click("#receipt-file")
    path = pathlib.Path(tmp_path, saved.value.suggested_filename)
    saved.value.save_as(path)
    assert all(claim.holds for claim in receipt.read(path))


def test_finite_differences_agree_with_the_gradient(visit):
    tab = visit()
    tab.click("#check-differences")
    assert tab.locator("#differences tbody tr").count() == 16
    assert "·10⁻" in tab.inner_text("#differences b")


FRAMES = """
const slider = document.querySelector('input[type=range]'), frames = 90, start = performance.now();
return new Promise((done) => {
  let k = 0;
  const next = () => {
    slider.value = 5 * Math.sin(k / 9);
    slider.dispatchEvent(new Event('input'));
    if (++k < frames) requestAnimationFrame(next);
    else done(frames / (performance.now() - start) * 1000);
  };
  requestAnimationFrame(next);
});
"""


LONGEST = """() => {
  let last = performance.now();
  window.longest = 0;
  const next = (now) => {
    window.longest = Math.max(window.longest, now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""


def test_how_fast_it_is(visit, capsys):
    """Print the speeds without judging them, since machines differ."""
    tab = visit()
    trained(tab)
    frames = tab.evaluate(f"() => {{ {FRAMES} }}")
    tab.evaluate(LONGEST)
    start = time.perf_counter()
    tab.evaluate("delete document.querySelector('#seed-grid').dataset.done")
    tab.get_by_label("learning rate", exact=True).fill("1.9")
    trained(tab)
    with capsys.disabled():
        seconds, gap = time.perf_counter() - start, tab.evaluate("window.longest")
        print(
            f"\nexplorer: {frames:.0f} frames/s while dragging; 200 x 5000 XOR updates in {seconds:.1f} s, ",
            end="",
        )
        print(f"longest time between two frames meanwhile {gap:.0f} ms")
