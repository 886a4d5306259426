"""The words of a lesson in English and Chinese: the same keys, the same fields in braces."""

from __future__ import annotations

from typing import Final

ENGLISH: Final = {
    "title": "What one training step does",
    "about": (
        "{name}: {images} training pictures of {classes} classes. Network {model}, pictures of {side} × "
        "{side} px ({colours}), batches of {batch}, learning rate {rate}, seed {seed}. Plain gradient "
        "descent (SGD), so that each step can be followed by hand. Every number below was measured on "
        "these pictures."
    ),
    "grey": "grey",
    "colour": "colour",
    # 1
    "labels": "Where the labels come from",
    "labels_text": (
        "A label is what some source says of a picture: a folder, a file name, a sheet, or a person. The "
        "program does not guess it. If sources disagree, the higher rank decides (person, sheet, file "
        "name, folder)."
    ),
    "picture": "picture",
    "label": "label",
    "split": "split",
    "said_by": "said by",
    "said": "{place} ({who})",
    "agreeing": "statements that agree",
    "overruled": "overruled",
    "none": "none",
    "person": "person",
    "sheet": "sheet",
    "file_name": "file name",
    "folder": "folder",
    "labels_end": "`labelprep explain PICTURE` shows all that was said of one picture.",
    # 2
    "pixels": "How a picture becomes numbers",
    "pixels_text": (
        "For the network a picture is {side} × {side} pixels × {channels} {channel} = {total} numbers, "
        "each from 0 (dark) to 255 (bright). This is a part of {path}: rows {top} to {bottom}, columns "
        "{left} to {right}{shown}."
    ),
    "grey_channel": "(brightness)",
    "colour_channels": "(red, green, blue)",
    "grey_shown": "",
    "colour_shown": ", of its red numbers",
    "pixels_end": (
        "The first layer divides by 255: the pixel in row {row}, column {column} is {pixel}, and becomes "
        "{scaled}."
    ),
    # 3
    "network": "The network and its first weights",
    "network_text": (
        "The network is a row of layers, each of which turns numbers into others. Some have weights: "
        "numbers that training changes. This one has {weights} of them."
    ),
    "layer": "layer",
    "what": "what it does",
    "gives": "gives, for one picture",
    "weights": "weights",
    "Rescaling": "divides each pixel by 255",
    "Conv2D": "weighted sums over small windows",
    "ReLU": "negative becomes 0",
    "MaxPooling2D": "keeps the largest of 2 × 2",
    "GlobalMaxPooling2D": "keeps the largest of each map",
    "Flatten": "all maps in one row",
    "Dense": "weighted sums of everything",
    "BatchNormalization": "mean 0, spread 1 over the batch",
    "start_uniform": (
        "Where do the first weights come from? They are drawn at random. {initialiser} draws {tensor} "
        "evenly between ±√(6 / ({fan_in} + {fan_out})) = ±{bound}: {fan_in} numbers go into each output "
        "of this layer, and each number goes into {fan_out} outputs."
    ),
    "start_normal": (
        "Where do the first weights come from? They are drawn at random. {initialiser} draws {tensor} "
        "from a bell curve with the deviation √(2 / {fan_in}) = {deviation}, cut off at ±{bound}: "
        "{fan_in} numbers go into each output of this layer (and each number into {fan_out} outputs)."
    ),
    "start_drawn": (
        "Really drawn, with seed {seed}: {count} numbers from {low} to {high}, mean {mean}. Another seed "
        "draws others; the same seed the same. Biases begin at 0."
    ),
    "histogram": "First weights of {tensor}",
    # 4
    "forward": "Forward: one mini-batch goes through the layers",
    "forward_text": (
        "Training looks at a few pictures at a time, a mini-batch: here {batch}. They go through all "
        "layers at once; this is what came out of each. The last layer gives one score a class."
    ),
    "shape": "shape",
    "lowest": "lowest",
    "mean": "mean",
    "highest": "highest",
    "maps": (
        "What {layer} makes of {path}: the {count} of its {all} maps in which most is to be seen, "
        "brighter is larger"
    ),
    # 5
    "loss": "The loss: how wrong the answers are",
    "loss_text": (
        "Scores become probabilities: e to the power of each score, divided by the sum of all. The loss "
        "of a picture is −ln p, where p is the probability of its true label: 0 if the network is sure "
        "and right, large if it is sure and wrong. Guessing evenly among {classes} classes costs ln "
        "{classes} = {chance}."
    ),
    "loss_true": "{path}, true label {label}:",
    "loss_line": "p({label}) = e^{score} / Σ e^score = {power} / {sum} = {p};   loss = −ln {p} = {loss}",
    "class": "class",
    "score": "score",
    "probability": "probability",
    "true": "true label",
    "others": "{count} more",
    "loss_end": "The mean over the {batch} pictures of the batch is its loss: {loss}.",
    # 6
    "gradient": "The gradient: which way each weight should go",
    "gradient_text": (
        "The gradient of a weight says how fast the loss grows if that weight grows a little. Positive: "
        "the weight should shrink. Negative: it should grow. Near 0: it hardly matters now. "
        "Back-propagation finds all {weights} of them in one pass from the loss back to the first layer."
    ),
    "tensor": "weights of",
    "norm": "length of the gradient",
    "largest": "largest in it",
    "step_share": "step ÷ length of the weights",
    "check_text": (
        "Is it true? Take one weight: {tensor}{index}, now {weight}. Make it {width} larger and smaller, "
        "compute the loss of the same batch both times (with 16 digits), and divide:"
    ),
    "check_line": "({above} − {below}) / (2 × {width}) = {difference}",
    "check_agrees": "Back-propagation says {gradient}. Relative difference {relative}: they agree.",
    "check_differs": (
        "Back-propagation says {gradient}. Relative difference {relative}: THEY DO NOT AGREE. Either the "
        "gradient is wrong, or this weight stands where a ReLU switches."
    ),
    # 7
    "update": "The update: one step",
    "update_text": (
        "Every weight moves a little against its gradient: new = old − learning rate × gradient."
    ),
    "update_line": "{old} − {rate} × {gradient} = {new}",
    "update_real": "After the step the network really holds {new} there (it keeps about 7 digits).",
    "update_loss": "The loss on the same batch: {before} before the step, {after} after it.",
    "update_adam": (
        "Adam, which `train` uses, also keeps for each weight a running mean of its gradients and one of "
        "their squares, and steps by learning rate × the first / the root of the second: so its first "
        "step is about as large as its learning rate, for every weight. It takes this weight from {old} "
        "to {new} (learning rate {rate}), the loss to {after}."
    ),
    # 8
    "size": "How large the step is: the learning rate",
    "size_text": (
        "The learning rate {rate} is chosen by a person; the gradient is measured. From the same first "
        "weights, {steps} steps on this one batch with a tenth of it, with it, and with ten times it:"
    ),
    "rate": "learning rate",
    "before": "loss before",
    "after_one": "after 1 step",
    "after_some": "after {steps}",
    "on_the_way": "highest on the way",
    "size_end": "Too small wastes time; too large jumps over the valley, and the loss can rise or be lost.",
    "size_found": (
        "Of these three, {rate} brought the loss of this batch lowest. One batch is not all pictures."
    ),
    "size_lost": (
        "None of these three brought the loss below where it was; {rate} did least harm: take a smaller one."
    ),
    "no_number": "no number any more",
    "trials": "Loss on one batch, by steps",
    "rate_is": "rate {rate}",
    # 9
    "epoch": "One round: an epoch is many such steps",
    "epoch_text": (
        "An epoch (one round) shows every picture once. Here: {images} pictures / {batch} a batch, "
        "rounded up, = {steps} steps{limit}. Before each round the order is shuffled by the seed, so "
        "each round has other batches:"
    ),
    "limit": " (the lesson takes {images} of {available}, to be quick; `train` takes all)",
    "no_limit": "",
    "order": "round {epoch}, batch {batch}",
    "first_pictures": "its first pictures",
    "epoch_losses": (
        "The loss of each batch, before its step: {first} at first, {last} at the end of the round. It "
        "jumps, since every batch has other pictures; what counts is where it goes."
    ),
    "step": "step",
    "batch_loss": "loss",
    "step_curve": "Loss by step in the first round",
    # 10
    "epochs": "Why several rounds",
    "epochs_text": (
        "One step moves each weight only a little, so the same pictures are shown again, from where the "
        "weights are now. A real training of {epochs} rounds with these settings:"
    ),
    "round": "round",
    "mean_loss": "loss",
    "right": "right",
    "val_loss": "validation loss",
    "val_right": "validation right",
    "epochs_end": (
        "When more rounds stop helping on pictures the network never learns from (the val split), it is "
        "enough: beyond that it learns these pictures by heart."
    ),
    "epoch_curve": "Loss by round",
    "training": "training",
    "validation": "validation",
}

CHINESE: Final = {
    "title": "训练中的一步到底做了什么",
    "about": (
        "{name}：{images} 张训练图片，{classes} 个类别。网络 {model}，图片 {side} × {side} 像素（"
        "{colours}），每批 {batch} 张，学习率 {rate}，随机种子 {seed}。用的是最朴素的梯度下降（SGD），每"
        "一步都可以用手算核对。下面的每个数字都是在这些图片上实测的。"
    ),
    "grey": "灰度",
    "colour": "彩色",
    # 1
    "labels": "标签从哪里来",
    "labels_text": (
        "标签是某个来源对一张图片的说法：文件夹、文件名、表格或者人。程序不会去猜。来源之间说法不一时，级"
        "别高的算数（人 > 表格 > 文件名 > 文件夹）。"
    ),
    "picture": "图片",
    "label": "标签",
    "split": "划分",
    "said_by": "谁说的",
    "said": "{place}（{who}）",
    "agreeing": "一致的说法",
    "overruled": "被否决的说法",
    "none": "无",
    "person": "人",
    "sheet": "表格",
    "file_name": "文件名",
    "folder": "文件夹",
    "labels_end": "`labelprep explain 图片` 显示关于一张图片的全部说法。",
    # 2
    "pixels": "图片怎样变成数字",
    "pixels_text": (
        "对网络来说，一张图片就是 {side} × {side} 个像素 × {channels}{channel}= {total} 个数，每个数从 "
        "0（暗）到 255（亮）。下面是 {path} 的一小块：第 {top} 到 {bottom} 行，第 {left} 到 {right} 列"
        "{shown}。"
    ),
    "grey_channel": "（亮度）",
    "colour_channels": "（红、绿、蓝）",
    "grey_shown": "",
    "colour_shown": "，只列红色的数",
    "pixels_end": "第一层把每个数除以 255：第 {row} 行第 {column} 列的像素是 {pixel}，变成 {scaled}。",
    # 3
    "network": "网络和最初的权重",
    "network_text": (
        "网络由一层一层组成，每一层把一组数变成另一组数。有的层带有权重，也就是训练要改变的数。这个网络一"
        "共有 {weights} 个权重。"
    ),
    "layer": "层",
    "what": "做什么",
    "gives": "一张图片的输出形状",
    "weights": "权重个数",
    "Rescaling": "每个像素除以 255",
    "Conv2D": "卷积：在小窗口上求加权和",
    "ReLU": "负数变成 0",
    "MaxPooling2D": "池化：2 × 2 中取最大",
    "GlobalMaxPooling2D": "每张特征图取最大",
    "Flatten": "把所有特征图排成一行",
    "Dense": "全连接：对所有数求加权和",
    "BatchNormalization": "在这一批上变成均值 0、标准差 1",
    "start_uniform": (
        "最初的权重从哪里来？是随机抽出来的。{initialiser} 在 ±√(6 / ({fan_in} + {fan_out})) = ±{bound} "
        "之间均匀地抽出 {tensor}：这一层的每个输出由 {fan_in} 个数算出，每个数参与 {fan_out} 个输出。"
    ),
    "start_normal": (
        "最初的权重从哪里来？是随机抽出来的。{initialiser} 按正态分布抽出 {tensor}，标准差 √(2 / "
        "{fan_in}) = {deviation}，超出 ±{bound} 的不要：这一层的每个输出由 {fan_in} 个数算出（每个数参与 "
        "{fan_out} 个输出）。"
    ),
    "start_drawn": (
        "用种子 {seed} 实际抽到：{count} 个数，从 {low} 到 {high}，平均 {mean}。换一个种子就是另外一些数"
        "，同一个种子总是同样的数。偏置（bias）从 0 开始。"
    ),
    "histogram": "{tensor} 最初的权重",
    # 4
    "forward": "前向传播：一个小批量逐层经过网络",
    "forward_text": (
        "训练每次只看几张图片，叫一个小批量（mini-batch），这里是 {batch} 张。它们一起经过所有层，下面是"
        "每一层实际的输出。最后一层给每个类别一个分数。"
    ),
    "shape": "形状",
    "lowest": "最小",
    "mean": "平均",
    "highest": "最大",
    "maps": "{layer} 把 {path} 变成了什么：{all} 张特征图中变化最大的 {count} 张，越亮数值越大",
    # 5
    "loss": "损失：答案错了多少",
    "loss_text": (
        "分数变成概率：e 的“分数”次方，除以所有类别的总和。一张图片的损失是 −ln p，p 是真实标签的概率：又"
        "有把握又正确时接近 0，又有把握又错误时很大。在 {classes} 个类别里平均乱猜，损失是 ln {classes} "
        "= {chance}。"
    ),
    "loss_true": "{path}，真实标签 {label}：",
    "loss_line": "p({label}) = e^{score} / Σ e^分数 = {power} / {sum} = {p};   损失 = −ln {p} = {loss}",
    "class": "类别",
    "score": "分数",
    "probability": "概率",
    "true": "真实标签",
    "others": "其余 {count} 类",
    "loss_end": "这一批 {batch} 张图片的平均值就是这一批的损失：{loss}。",
    # 6
    "gradient": "梯度：每个权重该往哪个方向变",
    "gradient_text": (
        "一个权重的梯度，就是这个权重增大一点点时损失增大得有多快。梯度为正：权重应该减小；为负：应该增大"
        "；接近 0：现在几乎没有影响。反向传播从损失往回走到第一层，一次就算出全部 {weights} 个梯度。"
    ),
    "tensor": "哪些权重",
    "norm": "梯度的长度",
    "largest": "其中最大的",
    "step_share": "一步 ÷ 权重的长度",
    "check_text": (
        "这是真的吗？取一个权重：{tensor}{index}，现在是 {weight}。让它增大、减小 {width}，对同一批图片各"
        "算一次损失（16 位有效数字），再相除："
    ),
    "check_line": "({above} − {below}) / (2 × {width}) = {difference}",
    "check_agrees": "反向传播的结果是 {gradient}。相对误差 {relative}：两者一致。",
    "check_differs": (
        "反向传播的结果是 {gradient}。相对误差 {relative}：两者【不一致】。要么梯度算错了，要么这个权重正"
        "好在 ReLU 的转折点上。"
    ),
    # 7
    "update": "更新：走一步",
    "update_text": "每个权重都逆着自己的梯度走一点：新值 = 旧值 − 学习率 × 梯度。",
    "update_line": "{old} − {rate} × {gradient} = {new}",
    "update_real": "走完这一步，网络里这个权重实际是 {new}（网络大约保留 7 位有效数字）。",
    "update_loss": "同一批图片的损失：走之前 {before}，走之后 {after}。",
    "update_adam": (
        "`train` 用的 Adam 还为每个权重记住梯度的滑动平均和梯度平方的滑动平均，一步 = 学习率 × 前者 / 后"
        "者的平方根：所以它的第一步，每个权重走的距离都差不多等于学习率。它把这个权重从 {old} 变成 "
        "{new}（学习率 {rate}），损失变成 {after}。"
    ),
    # 8
    "size": "一步有多大：学习率",
    "size_text": (
        "学习率 {rate} 是人选的，梯度是算出来的。从同样的初始权重出发，只用这一批图片走 {steps} 步，学习"
        "率分别取十分之一、原值和十倍："
    ),
    "rate": "学习率",
    "before": "之前的损失",
    "after_one": "1 步之后",
    "after_some": "{steps} 步之后",
    "on_the_way": "途中最高",
    "size_end": "太小浪费时间；太大会跨过谷底，损失可能上升，甚至不再是一个数。",
    "size_found": "三个当中，{rate} 让这一批的损失降到最低。不过一批图片不等于全部图片。",
    "size_lost": "三个当中没有一个让损失比原来低，{rate} 害处最小：请用更小的学习率。",
    "no_number": "不再是数",
    "trials": "一批图片上的损失，按步",
    "rate_is": "学习率 {rate}",
    # 9
    "epoch": "一轮（epoch）：许多步连起来",
    "epoch_text": (
        "一轮（epoch）就是每张图片都看一次。这里：{images} 张图片 / 每批 {batch} 张，向上取整 = {steps} "
        "步{limit}。每一轮之前按种子重新打乱顺序，所以每一轮的批次都不一样："
    ),
    "limit": "（为了快，这一课只用 {available} 张中的 {images} 张；`train` 用全部）",
    "no_limit": "",
    "order": "第 {epoch} 轮第 {batch} 批",
    "first_pictures": "最前面的几张图片",
    "epoch_losses": (
        "每一批在走这一步之前的损失：开始时 {first}，这一轮结束时 {last}。它会上下跳动，因为每批图片不同"
        "；要看的是总的走向。"
    ),
    "step": "步",
    "batch_loss": "损失",
    "step_curve": "第一轮中每一步的损失",
    # 10
    "epochs": "为什么要训练好几轮",
    "epochs_text": (
        "一步只让每个权重变一点点，所以同样的图片要再看一遍，从现在的权重接着走。用这些设置真正训练 "
        "{epochs} 轮："
    ),
    "round": "轮",
    "mean_loss": "损失",
    "right": "正确率",
    "val_loss": "验证损失",
    "val_right": "验证正确率",
    "epochs_end": (
        "在网络从不学习的图片（验证集 val）上，如果再多几轮也不再变好，就够了：再训练下去，网络只是在死记"
        "这些图片。"
    ),
    "epoch_curve": "每一轮的损失",
    "training": "训练",
    "validation": "验证",
}

WORDS: Final = {"en": ENGLISH, "zh": CHINESE}
